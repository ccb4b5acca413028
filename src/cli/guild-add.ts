import { askAdmin } from './admin.ts';
import { GuildAdded } from './answers.ts';
import { type Command, needed } from './command.ts';
import { ADMIN_OPTIONS } from './options.ts';

export const guildAdd: Command = {
  words: 'guild add',
  usage: 'NAME --owner USER',
  about: 'Make a guild that belongs to a user.',
  options: { owner: { type: 'string' }, ...ADMIN_OPTIONS },
  async run(call) {
    const [name = ''] = call.names;
    const form = { name, owner: needed(call.flags, 'owner') };
    const open = `${name} may have been made all the same: log in as ${form.owner} and look; asked again, another one of that name is made.`;
    const added = await askAdmin(call, 'guilds', form, GuildAdded, open);
    call.print(added, [`guild  ${added.guild.name} (${added.guild.id})`]);
  },
};
