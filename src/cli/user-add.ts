import { askAdmin } from './admin.ts';
import { UserAdded } from './answers.ts';
import type { Command } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';
import { readPassword, shown } from './password.ts';

export const userAdd: Command = {
  words: 'user add',
  usage: 'NAME [--password PASSWORD]',
  about:
    'Make a user and print a token of his. Without a password one is made up and printed; - reads it from standard input.',
  options: { password: { type: 'string' }, ...ADMIN_OPTIONS },
  async run(call) {
    const [name = ''] = call.names;
    const password = await readPassword(call);
    const added = shown(call, await askAdmin(call, 'users', { name, password }, UserAdded));
    call.print(added, [
      `user      ${added.user.username} (${added.user.id})`,
      ...(added.password ? [`password  ${added.password}`] : []),
      `token     ${added.token}`,
    ]);
  },
};
