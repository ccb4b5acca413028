/**
 * Numbers that are counted where things happen, and read when somebody asks. Counting is an addition and nothing else; what is read
 * can be posted to another thread. The shape is that of prom-client's JSON, which sums and prints it.
 */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: `<name>_bucket`, `<name>_sum` or `<name>_count`. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the numbers of several threads become one. */
  readonly aggregator: 'sum' | 'max';
  readonly values: readonly Sample[];
}

/** Names that one tally or set of histograms tells apart; what comes later is counted as `other`. */
const NAMES = 1000;

/** Counts by name. With several labels the name is their values, joined by `|`. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** `known`: names that are printed as 0 before they are counted: what first appears with its first event is no rise to an alert. */
  constructor(known: Iterable<string> = []) {
    for (const name of known) this.#counts.set(name, 0);
  }

  add(name: string, by = 1): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + by);
    else if (this.#counts.size < NAMES) this.#counts.set(name, by);
    else this.#counts.set('other', (this.#counts.get('other') ?? 0) + by);
  }

  get entries(): Iterable<readonly [string, number]> {
    return this.#counts;
  }
}

/** How often a value was at most each bound. */
export class Histogram {
  readonly #counts: Float64Array;
  #sum = 0;

  /** Ascending. */
  constructor(readonly bounds: readonly number[]) {
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Sample['labels']): Sample[] {
    let count = 0;
    const buckets = [...this.#counts].map((each, at): Sample => {
      count += each;
      const le = at < this.bounds.length ? String(this.bounds[at]) : '+Inf';
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    const sum: Sample = { metricName: `${name}_sum`, labels, value: this.#sum };
    return [...buckets, sum, { metricName: `${name}_count`, labels, value: count }];
  }
}

/** A histogram per name. */
export class Histograms {
  readonly #byName = new Map<string, Histogram>();

  constructor(readonly bounds: readonly number[]) {}

  of(name: string): Histogram {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= NAMES && name !== 'other') return this.of('other');
    const made = new Histogram(this.bounds);
    this.#byName.set(name, made);
    return made;
  }

  get entries(): Iterable<readonly [string, Histogram]> {
    return this.#byName;
  }
}

type Numbers = number | Iterable<readonly [string, number]>;

/** `label`: names joined by `|`, as the tally's names are. */
const samples = (numbers: Numbers, label: string): Sample[] =>
  typeof numbers === 'number'
    ? [{ labels: {}, value: numbers }]
    : [...numbers].map(([name, value]) => ({ labels: labelsOf(label, name), value }));

function labelsOf(label: string, name: string): Record<string, string> {
  const values = name.split('|');
  return Object.fromEntries(label.split('|').map((one, at) => [one, values[at] ?? '']));
}

export function counter(name: string, help: string, numbers: Numbers, label = ''): Family {
  return { name, help, type: 'counter', aggregator: 'sum', values: samples(numbers, label) };
}

export function gauge(name: string, help: string, numbers: Numbers, label = ''): Family {
  return { name, help, type: 'gauge', aggregator: 'sum', values: samples(numbers, label) };
}

/** Of several threads the largest. */
export function peak(name: string, help: string, numbers: Numbers, label = ''): Family {
  return { name, help, type: 'gauge', aggregator: 'max', values: samples(numbers, label) };
}

export function histogram(name: string, help: string, from: Histogram | Histograms, label = ''): Family {
  const values =
    from instanceof Histogram
      ? from.samples(name, {})
      : [...from.entries].flatMap(([each, one]) => one.samples(name, { [label]: each }));
  return { name, help, type: 'histogram', aggregator: 'sum', values };
}
