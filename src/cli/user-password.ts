import { askAdmin } from './admin.ts';
import { PasswordSet } from './answers.ts';
import type { Command } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';
import { madeUp, readPassword, shown, toldPassword } from './password.ts';

export const userPassword: Command = {
  words: 'user password',
  usage: 'NAME [--password PASSWORD]',
  about:
    'Give a user a new password and end all his logins. Without a password one is made up and printed; - reads it from standard input.',
  options: { password: { type: 'string' }, ...ADMIN_OPTIONS },
  async run(call) {
    const [name = ''] = call.names;
    const given = await readPassword(call);
    const password = given ?? madeUp();
    const open = `It may have been set all the same: the old password is good, or ${toldPassword(given, password)}. Ask again to be sure.`;
    const set = shown(call, await askAdmin(call, 'passwords', { name, password }, PasswordSet, open));
    call.print(set, [
      `user      ${set.user.username} (${set.user.id})`,
      ...(set.password ? [`password  ${set.password}`] : []),
    ]);
  },
};
