/** What one client has wished of its guilds (op 14, op 37), and so which mask of event classes their snapshots may say. */
import { PERSON_EVENTS } from '../../src/protocol/events.ts';

/** Among the frames of a client: what it has said, which no resume takes back. */
export const WISH = 'wish';

export interface Wish {
  readonly guild: string;
  readonly mask: number;
  /** Number of the socket that it was said on. */
  readonly socket: number;
  /** Of a guild that the client knew then and has not left since. */
  isOwed: boolean;
  /** Everything had arrived while its socket was open. */
  isHeard: boolean;
}

/** Of one guild. */
interface Standing {
  /** Of the newest snapshot. */
  mask: number;
  /** Said since, in order: each may be lost with its socket, or come to hold yet; one that holds has overtaken those before it. */
  said: Wish[];
  last: Wish | null;
}

export class Wishes {
  readonly #guilds = new Map<string, Standing>();

  said(wish: Wish): void {
    const standing = this.#of(wish.guild);
    standing.said.push(wish);
    standing.last = wish;
  }

  /** A snapshot says this mask; false: nobody wished that. `isNew`: the guild was not known, or not any more. */
  shows(guild: string, mask: number, isNew: boolean): boolean {
    const standing = this.#of(guild);
    if (mask === standing.mask) return true;
    const isFirst = isNew && mask === PERSON_EVENTS;
    const at = isFirst ? -1 : standing.said.findIndex((wish) => wish.mask === mask);
    if (at < 0 && !isFirst) return false;
    standing.mask = mask;
    standing.said.splice(0, at + 1);
    return true;
  }

  /** A snapshot may be under way that only a wish has made. */
  isOpen(guild: string): boolean {
    const { said, mask } = this.#of(guild);
    return said.some((wish) => wish.mask !== mask);
  }

  left(guild: string): void {
    const { last } = this.#of(guild);
    if (last !== null) last.isOwed = false;
  }

  /** Everything has arrived, also what was said on this socket: the mask that must hold; null: who knows. */
  owed(guild: string, socket: number | null): number | null {
    const { last } = this.#of(guild);
    if (last === null || !last.isOwed) return null;
    if (last.socket === socket) last.isHeard = true;
    return last.isHeard ? last.mask : null;
  }

  #of(guild: string): Standing {
    const standing = this.#guilds.get(guild) ?? { mask: PERSON_EVENTS, said: [], last: null };
    this.#guilds.set(guild, standing);
    return standing;
  }
}
