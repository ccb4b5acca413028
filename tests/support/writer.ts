/** Writes to one channel through one worker without pause, each draft with its nonce again until it is acknowledged. */
import type { APIMessage } from 'discord-api-types/v10';
import { LIMITS } from '../../src/limits.ts';
import { Refused } from './call-rest.ts';
import { eventually } from './eventually.ts';
import type { RawGateway } from './raw-gateway.ts';
import type { Person, Place, Town } from './town.ts';

/** An ask ends at its deadline; the rest is the way there and back on a busy machine. */
const SLOWEST_MS = LIMITS.askMs + 2000;

export class Writer {
  readonly acknowledged: string[] = [];
  /** Answers that came too late, milliseconds. */
  readonly slow: number[] = [];
  /** Status of every refusal. */
  readonly refused: number[] = [];
  #going = true;
  readonly #work: Promise<void>;

  /** `base`: the listener that is asked; `name` begins every message. */
  constructor(
    readonly town: Town,
    readonly who: Person,
    readonly place: Place,
    readonly base: string,
    readonly name: string,
  ) {
    this.#work = this.#write();
  }

  stop(): Promise<void> {
    this.#going = false;
    return this.#work;
  }

  async #write(): Promise<void> {
    for (let n = 0; this.#going; n += 1) {
      const draft = { content: `${this.name} ${n}`, nonce: `${this.name}-${n}` };
      let id: string | null = null;
      while (id === null) id = await this.#once(draft);
      this.acknowledged.push(id);
    }
  }

  async #once(draft: object): Promise<string | null> {
    const start = performance.now();
    try {
      const path = `/channels/${this.place.channel}/messages`;
      return (await this.town.rest<APIMessage>(this.who.token, 'POST', path, draft, { base: this.base })).id;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused.push(error.status);
      return null;
    } finally {
      const took = performance.now() - start;
      if (took > SLOWEST_MS) this.slow.push(took);
    }
  }
}

/** Asks until then, each time when the answer before is there. */
export const written = (writers: readonly Writer[], count: number, ms = 20_000): Promise<true> =>
  eventually('all writers have written', () => writers.every(({ acknowledged }) => acknowledged.length >= count), ms);

/** Every message of the channel, the oldest first. */
export async function storedIn(town: Town, who: Person, { channel }: Place): Promise<string[]> {
  const ids: string[] = [];
  for (let before = ''; ; ) {
    const path = `/channels/${channel}/messages?limit=100${before && `&before=${before}`}`;
    const page = await town.rest<APIMessage[]>(who.token, 'GET', path);
    ids.push(...page.map(({ id }) => id));
    if (page.length < 100) return ids.reverse();
    before = page.at(-1)?.id ?? '';
  }
}

export const heardIn = (client: RawGateway, { channel }: Place): string[] =>
  client.all<APIMessage>('MESSAGE_CREATE').flatMap(({ id, channel_id }) => (channel_id === channel ? [id] : []));
