/** The fake runtime: ordered pipes (links, sockets, turns of a loop, the store). Which pipe moves next is the only nondeterminism. */

interface Message {
  readonly what: string;
  readonly deliver: () => void;
}

interface Pipe {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  queue: Message[];
}

export class Net {
  readonly trace: string[] = [];
  readonly #pipes = new Map<string, Pipe>();
  #busy: Pipe[] = [];

  send(from: string, to: string, what: string, deliver: () => void): void {
    const name = `${from}>${to}`;
    let pipe = this.#pipes.get(name);
    if (pipe === undefined) {
      pipe = { name, from, to, queue: [] };
      this.#pipes.set(name, pipe);
    }
    if (pipe.queue.length === 0) this.#busy.push(pipe);
    pipe.queue.push({ what, deliver });
  }

  /** Delivers the head of one busy pipe. False when nothing is under way. */
  step(pick: number): boolean {
    const at = pick % Math.max(1, this.#busy.length);
    const pipe = this.#busy[at];
    const message = pipe?.queue.shift();
    if (pipe === undefined || message === undefined) return false;
    if (pipe.queue.length === 0) this.#busy.splice(at, 1);
    this.note(`  ${pipe.name}: ${message.what}`);
    message.deliver();
    return true;
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
