/**
 * When a quiet thread should collect its garbage. The engine collects as a program allocates: after a crowd has come, a thread with nothing more to do
 * keeps what the crowd has left behind. A busy one is left to the engine.
 */

export interface HeapWatchLimits {
  /** Collects when the heap has grown by more since it was last small; a collection that frees more was worth it. */
  readonly garbageBytes: number;
  /** Growth between two looks up to which a thread is quiet. */
  readonly quietBytes: number;
  /** What is let go makes no heap grow: a quiet thread collects after so many looks anyway. Twice as many after each collection that was in vain. */
  readonly looksMin: number;
  readonly looksMax: number;
}

export class HeapWatch {
  /** The smallest heap since the last collection. */
  #floor = Number.POSITIVE_INFINITY;
  #last = Number.POSITIVE_INFINITY;
  #isCollecting = false;
  /** Since the last collection, and after how many the next is due. */
  #looks = 0;
  #patience: number;

  constructor(readonly limits: HeapWatchLimits) {
    this.#patience = limits.looksMin;
  }

  /** `heapBytes`: what is on the heap now, garbage included. True: collect. Asked at even steps: the next one shows what the collection has left. */
  look(heapBytes: number): boolean {
    const { garbageBytes, quietBytes } = this.limits;
    if (this.#isCollecting) this.#collected(this.#last - heapBytes);
    this.#floor = Math.min(this.#floor, heapBytes);
    this.#looks += 1;
    const isQuiet = heapBytes - this.#last <= quietBytes;
    this.#last = heapBytes;
    this.#isCollecting = isQuiet && (heapBytes - this.#floor > garbageBytes || this.#looks >= this.#patience);
    return this.#isCollecting;
  }

  /** What a collection leaves is needed, however much it is. */
  #collected(freed: number): void {
    const { garbageBytes, looksMin, looksMax } = this.limits;
    this.#floor = Number.POSITIVE_INFINITY;
    this.#looks = 0;
    this.#patience = freed > garbageBytes ? looksMin : Math.min(looksMax, this.#patience * 2);
  }
}
