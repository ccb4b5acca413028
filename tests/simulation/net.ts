/** The fake runtime: ordered pipes (links, sockets, turns of a loop, the store). Which pipe moves next is the only nondeterminism. */

interface Message {
  readonly what: string;
  readonly deliver: () => void;
}

interface Pipe {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly isSlow: boolean;
  queue: Message[];
}

/** A slow pipe is passed over this often before it moves. */
const PATIENCE = 40;

export class Net {
  readonly trace: string[] = [];
  /** Messages delivered that are more than the time that has passed. */
  moved = 0;
  readonly #pipes = new Map<string, Pipe>();
  #busy: Pipe[] = [];

  /** One pipe of `slowness` is slow, 0: none; which ones, the seed says. */
  constructor(
    readonly seed: number,
    readonly slowness: number,
  ) {}

  send(from: string, to: string, what: string, deliver: () => void): void {
    const name = `${from}>${to}`;
    let pipe = this.#pipes.get(name);
    if (pipe === undefined) {
      pipe = { name, from, to, isSlow: this.#isSlow(name), queue: [] };
      this.#pipes.set(name, pipe);
    }
    if (pipe.queue.length === 0) this.#busy.push(pipe);
    pipe.queue.push({ what, deliver });
  }

  /** Delivers the head of one busy pipe. False when nothing is under way. */
  step(pick: number): boolean {
    const at = this.#choose(pick);
    const pipe = this.#busy[at];
    const message = pipe?.queue.shift();
    if (pipe === undefined || message === undefined) return false;
    if (pipe.queue.length === 0) this.#busy.splice(at, 1);
    if (message.what !== 'timer') this.moved += 1;
    this.note(`  ${pipe.name}: ${message.what}`);
    message.deliver();
    return true;
  }

  /** What is slow moves only now and then, or when nothing else does. */
  #choose(pick: number): number {
    const count = Math.max(1, this.#busy.length);
    const first = pick % count;
    if ((pick >>> 16) % PATIENCE === 0) return first;
    for (let i = 0; i < count; i += 1)
      if (this.#busy[(first + i) % count]?.isSlow === false) return (first + i) % count;
    return first;
  }

  /** Sockets are numbered over all runs: what is slow of them must not depend on that. */
  #isSlow(name: string): boolean {
    if (this.slowness === 0) return false;
    const text = `${this.seed} ${name}`;
    let hash = 0;
    for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    return (hash >>> 4) % this.slowness === 0;
  }

  /** An end dies: what was on the way to it is gone; of what it had sent, a prefix still arrives. */
  kill(end: string, arriving: number): void {
    for (const pipe of this.#busy) {
      if (pipe.to === end) pipe.queue = [];
      else if (pipe.from === end) pipe.queue.length = Math.min(pipe.queue.length, arriving % (pipe.queue.length + 1));
    }
    this.#busy = this.#busy.filter((pipe) => pipe.queue.length > 0);
  }

  length(from: string, to: string): number {
    return this.#pipes.get(`${from}>${to}`)?.queue.length ?? 0;
  }

  note(line: string): void {
    this.trace.push(line);
    if (this.trace.length > 4000) this.trace.splice(0, 2000);
  }
}
