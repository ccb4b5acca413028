/** One request in the hands of its handler. */
import type { ZodMiniType } from 'zod/mini';
import type { Account } from '../protocol/accounts.ts';
import type { By, Command, Question } from '../protocol/commands.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { Answer, RateClaim, RateNumbers } from '../protocol/links.ts';
import { check, parseBody, readText } from './body.ts';
import type { Edge } from './edge.ts';
import { asSnowflake, Query } from './query.ts';
import { Refused, refused } from './refused.ts';

export interface CallParts {
  readonly edge: Edge;
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly account: Account | null;
  /** Rides with the first ask or read. */
  readonly claim: RateClaim | null;
  readonly maxBodyBytes: number;
}

export class Call {
  readonly edge: Edge;
  readonly request: Request;
  readonly ip: string;
  readonly url: URL;
  readonly query: Query;
  readonly #parts: CallParts;
  #claim: RateClaim | null;
  /** What the owner of the bucket said, once it was asked. */
  rate: RateNumbers | null = null;

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.#claim = parts.claim;
    this.edge = parts.edge;
    this.request = parts.request;
    this.ip = parts.ip;
    this.url = urlOf(parts.request);
    this.query = new Query(this.url.searchParams);
  }

  param(name: string): string {
    return this.#parts.params[name] ?? '';
  }

  /** A path part that is an id; refused under its name on the wire (`guild_id`). */
  id(name: string): Snowflake {
    return asSnowflake(this.param(name), name.replace('Id', '_id'));
  }

  get account(): Account {
    const { account } = this.#parts;
    if (account === null) throw refused('unauthorized');
    return account;
  }

  get userId(): Snowflake {
    return this.account.record.user.id;
  }

  get by(): By {
    return { id: this.userId, self: this.account.record.user, reason: reasonOf(this.request) };
  }

  /** `http://host:port` as this client sees the server: `publicUrl`, else what its request says. */
  get origin(): string {
    return this.edge.config.publicUrl ?? requestOrigin(this.request, this.url);
  }

  async body<T>(schema: ZodMiniType<T>): Promise<T> {
    return check(schema, await this.json());
  }

  /** The body before it is checked; ids are text already. */
  async json(): Promise<unknown> {
    const { clock, limits } = this.edge.deps;
    return parseBody(await readText(this.request, { clock, maxBytes: this.#parts.maxBodyBytes, ms: limits.bodyMs }));
  }

  /** The reply of a command. Refusals unwind as `Refused`, faults as `Fault`. */
  async ask<T>(to: OwnerKey, command: Command): Promise<T> {
    const { directory, random } = this.edge.deps;
    const options = { commandId: random.uuid(), deadline: this.#deadline(), rate: this.#takeClaim() };
    return this.#unwrap<T>(await directory.ask(to, command, options));
  }

  /** The answer to a question. */
  async read<T>(to: OwnerKey, question: Question): Promise<T> {
    const options = { deadline: this.#deadline(), rate: this.#takeClaim() };
    return this.#unwrap<T>(await this.edge.deps.directory.read(to, question, options));
  }

  /** A question beside the point of the call: it counts in no bucket. */
  async peek<T>(to: OwnerKey, question: Question): Promise<T> {
    const options = { deadline: this.#deadline(), rate: null };
    return this.#unwrap<T>(await this.edge.deps.directory.read(to, question, options));
  }

  #deadline(): number {
    return this.edge.deps.clock.now() + this.edge.deps.limits.askMs;
  }

  #takeClaim(): RateClaim | null {
    const claim = this.#claim;
    this.#claim = null;
    return claim;
  }

  #unwrap<T>({ reply, rate }: Answer): T {
    if (rate !== null) this.rate = rate;
    if ('refused' in reply) throw new Refused(reply);
    return reply.ok as T;
  }
}

/** A Host that is no host makes no address. Without one (HTTP/1.0) the path stands alone. */
function urlOf({ url }: Request): URL {
  const parsed = URL.parse(url.startsWith('/') ? `http://localhost${url}` : url);
  if (parsed === null) throw refused('generalError');
  return parsed;
}

/** X-Audit-Log-Reason is percent-encoded by the libraries; what cannot be decoded is kept as it came. At most 512 characters (docs/reference). */
function reasonOf(request: Request): string | null {
  const raw = request.headers.get('x-audit-log-reason');
  if (raw === null || raw === '') return null;
  try {
    return decodeURIComponent(raw).slice(0, 512).toWellFormed();
  } catch {
    return raw.slice(0, 512);
  }
}

function requestOrigin(request: Request, url: URL): string {
  const forwarded = request.headers.get('x-forwarded-proto')?.split(',')[0]?.trim();
  const scheme = forwarded === 'https' || forwarded === 'http' ? forwarded : url.protocol.slice(0, -1);
  const host = request.headers.get('host') ?? url.host;
  return `${scheme}://${/^[\w.:[\]-]+$/.test(host) ? host : url.host}`;
}
