/** Everything that drivers of this process ask while it lives is traced by Cassandra itself: who took a request, who had to do with it, at what consistency. */
import { Client, types } from 'cassandra-driver';
import { eventually } from './eventually.ts';

interface Asked {
  readonly client: Client;
  readonly answer: Promise<types.ResultSet>;
}

export interface RequestTrace {
  /** The node that was asked. */
  readonly coordinator: string;
  /** All that had something to do with it. */
  readonly nodes: readonly string[];
  /** What Cassandra notes of the request: its consistency, and of one statement its text. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A node reads rows of a table, or writes them. */
const HOLDS = /^(Executing single-partition query on|Adding to) \w+/;

type Ask = (this: Client, what: unknown, params: unknown, options?: object) => Promise<types.ResultSet>;
type AskAll = (this: Client, what: unknown, options?: object) => Promise<types.ResultSet>;
const { execute, batch } = Client.prototype as unknown as { readonly execute: Ask; readonly batch: AskAll };

export class RequestTraces implements Disposable {
  #asked: Asked[] = [];

  constructor() {
    const note = (client: Client, answer: Promise<types.ResultSet>): Promise<types.ResultSet> => {
      this.#asked.push({ client, answer });
      return answer;
    };
    const traced: { execute: Ask; batch: AskAll } = {
      execute(cql, params, options) {
        return note(this, execute.call(this, cql, params, { ...options, traceQuery: true }));
      },
      batch(queries, options) {
        return note(this, batch.call(this, queries, { ...options, traceQuery: true }));
      },
    };
    Object.assign(Client.prototype, traced);
  }

  /** Of all that was asked since it was taken last, in that order. */
  async take(): Promise<RequestTrace[]> {
    return Promise.all(this.#asked.splice(0).map(traceOf));
  }

  [Symbol.dispose](): void {
    Object.assign(Client.prototype, { execute, batch });
  }
}

/** Each node writes its notes by itself, after the answer. */
async function traceOf({ client, answer }: Asked): Promise<RequestTrace> {
  const { traceId } = (await answer).info;
  return eventually('the node that has the rows has noted it', async () => {
    const { coordinator, parameters, events } = await client.metadata.getTrace(traceId, types.consistencies.all);
    if (!events.some(({ activity }) => HOLDS.test(String(activity)))) return null;
    const nodes = [...new Set(events.map(({ source }) => String(source)))];
    return { coordinator: String(coordinator), nodes, parameters };
  });
}
