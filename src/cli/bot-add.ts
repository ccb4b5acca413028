import { askAdmin } from './admin.ts';
import { BotAdded } from './answers.ts';
import { type Command, needed } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';
import { madeUp } from './password.ts';

export const botAdd: Command = {
  words: 'bot add',
  usage: 'NAME --guild GUILD [--owner USER]',
  about:
    'Make a bot, add it to a guild and print its token. The guild: by its id (digits alone), or by its name among those of the owner ' +
    '(USER, or one who is called owner). Guild and owner are made if there are none.',
  options: { guild: { type: 'string' }, owner: { type: 'string' }, ...ADMIN_OPTIONS },
  async run(call) {
    const [name = ''] = call.names;
    const owner = typeof call.flags.owner === 'string' ? call.flags.owner : null;
    const form = { name, guild: needed(call.flags, 'guild'), owner, ownerPassword: madeUp() };
    const open = `Some of it may have been done all the same: asked again, what is there is found. An owner who was made for it has the password ${form.ownerPassword}.`;
    const added = await askAdmin(call, 'bots', form, BotAdded, open);
    const { bot, guild, ownerPassword } = added;
    const password = ownerPassword ? `, made: there was nobody of that name, password ${ownerPassword}` : '';
    // A guild of that name may belong to somebody else.
    const whose = added.owner?.username ?? 'the owner';
    const made = added.guildMade
      ? `, made: ${whose} had none of that name (another user's: --owner USER, or its id)`
      : '';
    call.print(added, [
      `bot    ${bot.username} (${bot.id})`,
      `guild  ${guild.name} (${guild.id})${made}`,
      ...(added.owner ? [`owner  ${added.owner.username} (${added.owner.id})${password}`] : []),
      `token  ${added.token}`,
    ]);
  },
};
