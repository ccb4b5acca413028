/**
 * Files that no message shows, as a crash leaves them: looked for channel by channel, in bounded steps. Who asks for the next step paces them,
 * and brings back what the last one said.
 */
import * as z from 'zod/mini';
import { compareSnowflakes, type Snowflake } from '../protocol/ids.ts';
import { shownFiles } from '../protocol/shown-files.ts';
import { timestampOf } from '../protocol/snowflake.ts';
import type { RestDeps } from './deps.ts';
import { snowflake } from './schemas.ts';

/** A younger one may belong to a message that is on its way, also to a store that has been away for long. */
const AGE_MS = 24 * 3600_000;
/** Pages and folders that one step looks at. */
const TURNS = 32;
const PAGE = 100;
/** Files of one channel that are looked for together. */
const AT_ONCE = 5000;
/** Beyond all ids: nothing more of this channel. */
const LAST = '9'.repeat(20);

const placeForm = z.object({
  channelId: snowflake,
  /** The files of the channel up to this one were looked at, or are among `left`. */
  file: snowflake,
  /** No message from here on shows one of `left`. */
  before: z.nullable(snowflake),
  left: z.array(snowflake).check(z.maxLength(AT_ONCE)),
});
type Place = z.infer<typeof placeForm>;

export const sweepForm = z.object({ remove: z.boolean(), at: z.nullable(placeForm) });

/** Of this step. */
export interface Swept {
  /** What the next step begins with; null: that was all. */
  readonly next: Place | null;
  readonly channels: number;
  /** Channels that the store does not know: their files are another store's, and stay. */
  readonly strange: number;
  readonly files: number;
  readonly bytes: number;
}

type Deps = Pick<RestDeps, 'store' | 'files' | 'clock'>;

export async function sweepOn(deps: Deps, { remove, at }: z.infer<typeof sweepForm>): Promise<Swept> {
  const sweep = new Sweep(deps, remove);
  let next: Place | null = at;
  for (let turn = 0; turn < TURNS; turn++) {
    next = next !== null && next.left.length > 0 ? await sweep.page(next) : await sweep.files(next);
    if (next === null) break;
  }
  return { next, ...sweep.found };
}

class Sweep {
  readonly found = { channels: 0, strange: 0, files: 0, bytes: 0 };
  readonly #deps: Deps;
  readonly #remove: boolean;

  constructor(deps: Deps, remove: boolean) {
    this.#deps = deps;
    this.#remove = remove;
  }

  /** One page of messages, the newest first: what they show is not looked for any longer. */
  async page(place: Place): Promise<Place> {
    const { channelId, before } = place;
    const page = await this.#deps.store.page({ channelId, before, after: null, around: null, limit: PAGE });
    const shown = new Set(page.flatMap(({ message }) => [...shownFiles(message.wire)]));
    const left = place.left.filter((file) => !shown.has(file));
    if (page.length === PAGE) return { ...place, left, before: page.at(-1)?.message.id ?? null };
    await this.#settle(channelId, left);
    return { ...place, left: [], before: null };
  }

  /** The next files to look for; null: there are no more. */
  async files(place: Place | null): Promise<Place | null> {
    const more = place === null ? [] : await this.#old(place.channelId, place.file);
    if (place !== null && more.length > 0) return open(place.channelId, more);
    const channelId = nextAfter(place?.channelId ?? '0', await this.#deps.files.channels());
    if (channelId === null) return null;
    this.found.channels += 1;
    if ((await this.#deps.store.channelOwner(channelId)) === null) {
      this.found.strange += 1;
      return open(channelId, [], LAST);
    }
    return open(channelId, await this.#old(channelId, '0'));
  }

  /** Whoever shows a file does so from its first day on: an old one that nobody shows will not be shown. */
  async #old(channelId: Snowflake, after: Snowflake): Promise<readonly Snowflake[]> {
    const before = this.#deps.clock.now() - AGE_MS;
    const all = await this.#deps.files.attachmentsOf(channelId);
    return ascending(all.filter((file) => isGreater(file, after) && timestampOf(file) < before)).slice(0, AT_ONCE);
  }

  async #settle(channelId: Snowflake, left: readonly Snowflake[]): Promise<void> {
    const { files } = this.#deps;
    this.found.files += left.length;
    this.found.bytes += await files.sizeOfAttachments(channelId, left);
    if (this.#remove) await files.removeAttachments(channelId, left);
  }
}

const open = (channelId: Snowflake, left: readonly Snowflake[], file = left.at(-1) ?? LAST): Place => ({
  ...{ channelId, file, before: null },
  left: [...left],
});

const isGreater = (one: Snowflake, other: Snowflake): boolean => compareSnowflakes(one, other) > 0;
const ascending = (ids: readonly Snowflake[]): Snowflake[] => ids.toSorted(compareSnowflakes);

/** Found in one pass: there may be a hundred thousand, and each is asked for the next one. */
function nextAfter(id: Snowflake, ids: readonly Snowflake[]): Snowflake | null {
  let next: Snowflake | null = null;
  for (const each of ids) if (isGreater(each, id) && (next === null || isGreater(next, each))) next = each;
  return next;
}
