/** Logins of a user. Only hashes are known here. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, refused } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import type { TokenRecord } from '../protocol/records.ts';
import { BOUNDS } from './bounds.ts';
import type { KnownUser } from './user-state.ts';

type AddToken = Extract<Command, { kind: 'addToken' }>;
type RevokeToken = Extract<Command, { kind: 'revokeToken' }>;

/** -> the hashes that had to go for it: oldest logins beyond the bound. */
export function addToken(state: KnownUser, { token }: AddToken): Decision {
  if (token.user !== state.id) return refused(refuse('generalError'));
  state.tokens.set(token.hash, token);
  const oldest = [...state.tokens.values()].filter(({ hash }) => hash !== token.hash).sort(byAge);
  const revoked = oldest.slice(0, Math.max(0, state.tokens.size - BOUNDS.tokens)).map(({ hash }) => hash);
  const decision = revoke(state, revoked);
  return { ...decision, writes: [{ w: 'putToken', token }, ...decision.writes] };
}

/** -> the hashes that are revoked now. */
export function revokeToken(state: KnownUser, { hash, except }: RevokeToken): Decision {
  const named = hash === null ? [...state.tokens.keys()] : [hash];
  return revoke(
    state,
    named.filter((known) => known !== except && state.tokens.has(known)),
  );
}

function revoke(state: KnownUser, hashes: readonly string[]): Decision {
  for (const hash of hashes) state.tokens.delete(hash);
  return { ...done(hashes), writes: hashes.map((hash) => ({ w: 'deleteToken', hash }) as const) };
}

const byAge = (a: TokenRecord, b: TokenRecord): number => a.createdAt - b.createdAt || (a.hash < b.hash ? -1 : 1);
