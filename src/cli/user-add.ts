import { askAdmin } from './admin.ts';
import { UserAdded } from './answers.ts';
import type { Command } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';
import { madeUp, readPassword, shown, toldPassword } from './password.ts';

export const userAdd: Command = {
  words: 'user add',
  usage: 'NAME [--password PASSWORD]',
  about:
    'Make a user and print a token of his. Without a password one is made up and printed; - reads it from standard input.',
  options: { password: { type: 'string' }, ...ADMIN_OPTIONS },
  async run(call) {
    const [name = ''] = call.names;
    const given = await readPassword(call);
    const password = given ?? madeUp();
    const open = `${name} may have been made all the same: asked again, the name is taken then, and the password is ${toldPassword(given, password)}.`;
    const added = shown(call, await askAdmin(call, 'users', { name, password }, UserAdded, open));
    call.print(added, [
      `user      ${added.user.username} (${added.user.id})`,
      ...(added.password ? [`password  ${added.password}`] : []),
      `token     ${added.token}`,
    ]);
  },
};
