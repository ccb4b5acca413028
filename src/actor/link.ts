/**
 * One ordered pipe to one worker: what is posted in a turn of the loop leaves as one array. Bounded by what the peer has not taken:
 * asks and tells are refused, entries of the outlet leave a mark in their place, and what is owed (answers, attach) is bounded by who waits for it.
 */
import type { Clock } from '../base/clock.ts';
import { Deque } from '../base/deque.ts';
import { heldBytes } from '../base/text.ts';
import type { OutletEntry } from '../protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { Pipe } from './pipe.ts';

export interface LinkLimits {
  /** Messages that the peer has not taken, and the bytes of their bodies in memory. */
  readonly linkEntries: number;
  readonly linkBytes: number;
}

const MESSAGE_SIZE = 512;

/** Approximate: the bodies, which are most of it. */
export function sizeOf(message: LinkMessage): number {
  if (message.m === 'outlet') return sizeOfEntry(message.entry);
  if (message.m === 'residence' && message.message.r === 'session') {
    return MESSAGE_SIZE + sizeOfBodies(message.message.data.missed.map(({ body }) => body));
  }
  if (message.m === 'fetched' && 'body' in message) return MESSAGE_SIZE + (message.body.json?.byteLength ?? 0);
  return MESSAGE_SIZE;
}

export function sizeOfEntry(outletEntry: OutletEntry): number {
  if (outletEntry.what !== 'relay') return MESSAGE_SIZE;
  const { entry } = outletEntry.relay;
  if (entry.kind === 'event') return MESSAGE_SIZE + heldBytes(entry.body.d);
  if (entry.kind !== 'answer') return MESSAGE_SIZE;
  return MESSAGE_SIZE + sizeOfBodies(entry.missed ?? []) + (entry.create === null ? 0 : heldBytes(entry.create.d));
}

const sizeOfBodies = (bodies: readonly { readonly d: string }[]): number =>
  bodies.reduce((sum, { d }) => sum + heldBytes(d), 0);

export class Link {
  #isSilent = false;
  #out: LinkMessage[] = [];
  #outBytes = 0;
  /** Posted and not taken yet: messages and bytes of each batch. */
  readonly #under = new Deque<readonly [number, number]>();
  #entries = 0;
  #bytes = 0;
  /** Owners whose last entry here is a mark: one mark stands for all that follow it. */
  readonly #marked = new Set<OwnerKey>();
  #isOpen = true;

  constructor(
    readonly peer: WorkerId,
    readonly pipe: Pipe,
    readonly clock: Clock,
    readonly limits: LinkLimits,
    hear: (message: LinkMessage, link: Link) => void,
    closed: (link: Link) => void,
  ) {
    pipe.onTaken(() => this.#taken());
    pipe.onBatch((batch) => {
      for (const message of batch) if (this.#isOpen) hear(message, this);
    });
    pipe.onClose(() => {
      if (this.#isOpen) closed(this);
    });
  }

  /** Its loop does not turn: it is asked nothing new. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
  }

  /** Messages that the peer has not taken. */
  get length(): number {
    return this.#entries;
  }

  get isFull(): boolean {
    return this.#entries >= this.limits.linkEntries || this.#bytes >= this.limits.linkBytes;
  }

  /** False: refused, the link is full. */
  post(message: LinkMessage): boolean {
    if (this.isFull) return false;
    this.postOwed(message);
    return true;
  }

  /** For what somebody waits for, and who waits is bounded. */
  postOwed(message: LinkMessage): void {
    if (!this.#isOpen) return;
    if (this.#out.length === 0) this.clock.defer(() => this.#flush());
    const size = sizeOf(message);
    this.#out.push(message);
    this.#entries += 1;
    this.#bytes += size;
    this.#outBytes += size;
  }

  /** An entry that finds no room leaves a mark where it would have been, so that its worker sees the hole. */
  postEntry(entry: OutletEntry): void {
    if (entry.what !== 'relay') {
      this.postOwed({ m: 'outlet', entry });
      return;
    }
    const { owner, entry: heard } = entry.relay;
    if (this.post({ m: 'outlet', entry })) {
      this.#marked.delete(owner);
      return;
    }
    const swallowed = heard.kind === 'answer' ? { session: heard.session, hop: heard.hop } : null;
    if (swallowed === null && this.#marked.has(owner)) return;
    this.#marked.add(owner);
    this.postOwed({ m: 'outlet', entry: { what: 'refused', mark: { owner, swallowed } } });
  }

  close(): void {
    this.#isOpen = false;
    this.#out = [];
    this.pipe.close();
  }

  #flush(): void {
    if (!this.#isOpen || this.#out.length === 0) return;
    const batch = this.#out;
    this.#under.push([batch.length, this.#outBytes]);
    this.#out = [];
    this.#outBytes = 0;
    this.pipe.post(batch);
  }

  #taken(): void {
    const [entries, bytes] = this.#under.shift() ?? [0, 0];
    this.#entries -= entries;
    this.#bytes -= bytes;
  }
}
