/** People, bots and guilds that live on a chosen worker: ids decide where an owner lives, so they are made until one fits. */
import { Placement } from '../../src/actor/placement.ts';
import { guildKey, userKey } from '../../src/protocol/ids.ts';
import type { Bot, Person, Place, Town } from './town.ts';

const WORKERS = 2;
/** One in 2^40 towns has no luck. */
const TRIES = 40;

const placement = new Placement(WORKERS);

export const slotOfGuild = ({ id }: Place): number => placement.slotOf(guildKey(id));
export const slotOfUser = ({ id }: Person | Bot): number => placement.slotOf(userKey(id));

async function until<T>(make: (attempt: number) => Promise<T>, fits: (made: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const made = await make(attempt);
    if (fits(made)) return made;
  }
  throw new Error(`none of ${TRIES} lives there`);
}

/** A person whose user actor lives on that worker. The town has 2 workers. */
export const personOn = (town: Town, slot: number, name = 'person'): Promise<Person> =>
  until(
    () => town.person(name),
    (person) => slotOfUser(person) === slot,
  );

export const guildOn = (town: Town, slot: number, owner: Person): Promise<Place> =>
  until(
    async () => {
      const place = await town.guild(owner);
      if (slotOfGuild(place) !== slot) await town.rest(owner.token, 'DELETE', `/guilds/${place.id}`);
      return place;
    },
    (place) => slotOfGuild(place) === slot,
  );

/** Those that do not fit stay in the guild: nobody runs them. */
export const botOn = (town: Town, slot: number, name: string, guild: string): Promise<Bot> =>
  until(
    (attempt) => town.bot(`${name}${attempt}`, guild),
    (bot) => slotOfUser(bot) === slot,
  );
