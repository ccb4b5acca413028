/** Who is at the door: what a token says. The check itself is given to the edges by the composition root. */
import type { ApplicationRecord, UserRecord } from './records.ts';

export interface Account {
  readonly kind: 'bot' | 'person';
  readonly record: UserRecord;
  /** Of bots. */
  readonly application: ApplicationRecord | null;
  /** SHA-256 of the token, base64url: names the login without being the secret. */
  readonly tokenHash: string;
}

/** `token` without `Bot `/`Bearer ` prefix. Null: unknown or revoked. Rejects with Fault when the store cannot say. */
export type Authenticate = (token: string) => Promise<Account | null>;
