/** Accounts, tokens and applications in memory. */
import { compareSnowflakes, type OwnerKey, type Snowflake } from '../../protocol/ids.ts';
import type { ApplicationRecord, CommandRecord, TokenRecord, UserRecord } from '../../protocol/records.ts';
import type { UsersPort } from '../ports.ts';
import type { ReadsNow, UserWrite, WriteHandlers } from '../subjects.ts';

export class MemoryUsers implements ReadsNow<Omit<UsersPort, 'guildsOf' | 'dmsOf'>> {
  readonly #users = new Map<Snowflake, UserRecord>();
  readonly #logins = new Map<string, Snowflake>();
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #applications = new Map<Snowflake, ApplicationRecord>();
  readonly #commands = new Map<Snowflake, Map<Snowflake, CommandRecord>>();
  readonly #heard = new Map<Snowflake, Map<OwnerKey, number>>();

  readonly writes: WriteHandlers<UserWrite, void> = {
    putUser: ({ user }) => void this.#users.set(user.user.id, user),
    putLogin: ({ login, userId }) => void this.#logins.set(login, userId),
    deleteLogin: ({ login }) => void this.#logins.delete(login),
    putToken: ({ token }) => void this.#tokens.set(token.hash, token),
    deleteToken: ({ hash }) => void this.#tokens.delete(hash),
    putApplication: ({ application }) => void this.#applications.set(application.id, application),
    putCommand: ({ command }) => {
      const commands = this.#commands.get(command.application_id) ?? new Map<Snowflake, CommandRecord>();
      this.#commands.set(command.application_id, commands.set(command.id, command));
    },
    deleteCommand: ({ application, id }) => void this.#commands.get(application)?.delete(id),
    putHeard: ({ user, teller, seq }) => {
      const heard = this.#heard.get(user) ?? new Map<OwnerKey, number>();
      this.#heard.set(user, heard.set(teller, seq));
    },
  };

  user(id: Snowflake): UserRecord | null {
    return this.#users.get(id) ?? null;
  }

  users(ids: readonly Snowflake[]): readonly UserRecord[] {
    return ids.map((id) => this.user(id)).filter((user) => user !== null);
  }

  userByLogin(login: string): Snowflake | null {
    return this.#logins.get(login) ?? null;
  }

  heardBy(user: Snowflake): ReadonlyMap<OwnerKey, number> {
    return new Map(this.#heard.get(user));
  }

  token(hash: string): TokenRecord | null {
    return this.#tokens.get(hash) ?? null;
  }

  tokensOf(user: Snowflake): readonly TokenRecord[] {
    return [...this.#tokens.values()].filter((token) => token.user === user).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  }

  application(id: Snowflake): ApplicationRecord | null {
    return this.#applications.get(id) ?? null;
  }

  applicationsOf(owner: Snowflake): readonly ApplicationRecord[] {
    return [...this.#applications.values()]
      .filter((application) => application.owner === owner)
      .sort((a, b) => compareSnowflakes(a.id, b.id));
  }

  commandsOf(application: Snowflake): readonly CommandRecord[] {
    const commands = [...(this.#commands.get(application)?.values() ?? [])];
    return commands.sort((a, b) => compareSnowflakes(a.id, b.id));
  }
}
