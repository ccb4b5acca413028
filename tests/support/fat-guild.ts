/** Guilds whose snapshots are megabytes, and floods of big messages. */
import { type Bot, type Person, type Place, Town } from './town.ts';

const MB = 1 << 20;
export const FAT_CHANNELS = 470;
/** Three bytes each on the wire. */
const LETTER = '€';

/** Without the checks of every answer: there are many, and they are big. */
async function post(town: Town, token: string, path: string, body: string): Promise<{ id: string }> {
  const headers = { authorization: token, 'content-type': 'application/json' };
  const response = await fetch(`${town.url}/api/v10${path}`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { id: string };
}

/** Channels of more than 10 KB each: the guild is sent as one frame of about 5 MB. */
export async function fatten(town: Town, { token }: Person, { id }: Place): Promise<void> {
  const permission_overwrites: object[] = [];
  for (let n = 0; n < 99; n += 1) {
    const role = await post(town, token, `/guilds/${id}/roles`, '{}');
    permission_overwrites.push({ id: role.id, type: 0, allow: '0', deny: '2048' });
  }
  const body = JSON.stringify({ name: 'fat', type: 0, topic: LETTER.repeat(1024), permission_overwrites });
  const make = async (share: number): Promise<void> => {
    for (let n = 0; n < share; n += 1) await post(town, token, `/guilds/${id}/channels`, body);
  };
  await Promise.all(Array.from({ length: 5 }, () => make(FAT_CHANNELS / 5)));
}

/** Messages of so many megabytes on the wire, all together; their ids in order. `letter` fills them: `€` makes them 18 KB each, `x` 6 KB. */
export async function flood(
  town: Town,
  { token }: Person,
  { channel }: Place,
  megabytes: number,
  letter = LETTER,
): Promise<string[]> {
  const path = `/channels/${channel}/messages`;
  // One letter that is no Latin-1: the text takes two bytes a character in memory.
  const content = letter.repeat(1999) + LETTER;
  const body = JSON.stringify({ content, embeds: [{ description: letter.repeat(4000) }] });
  const ids: string[] = [];
  let sent = 0;
  const write = async (): Promise<void> => {
    while (sent < megabytes * MB) {
      sent += Buffer.byteLength(body);
      ids.push((await post(town, token, path, body)).id);
    }
  };
  await Promise.all(Array.from({ length: 6 }, write));
  return ids.sort();
}

export interface FatTown {
  readonly town: Town;
  readonly owner: Person;
  readonly friend: Person;
  readonly bot: Bot;
  readonly guilds: readonly Place[];
}

/** A town of so many fat guilds of one owner; a friend and one bot are in all of them. */
export async function openFatTown(count: number): Promise<FatTown> {
  const town = await Town.open({ config: { rateLimits: 'off' } });
  const owner = await town.person('owner');
  const friend = await town.person('friend');
  const guilds: Place[] = [];
  let bot: Bot | null = null;
  for (let n = 0; n < count; n += 1) {
    const place = await town.guild(owner);
    guilds.push(place);
    await town.join(owner, place, friend);
    bot = await town.bot('bot', place.id);
    await fatten(town, owner, place);
  }
  if (bot === null) throw new Error('a fat town has at least one guild');
  return { town, owner, friend, bot, guilds };
}
