import { askAdmin } from './admin.ts';
import { BotAdded } from './answers.ts';
import { type Command, needed } from './command.ts';

export const botAdd: Command = {
  words: 'bot add',
  usage: 'NAME --guild GUILD',
  about: 'Make a bot, add it to a guild (by name or id; made with an owner if there is none) and print its token.',
  options: { guild: { type: 'string' } },
  async run(call) {
    const [name = ''] = call.names;
    const added = await askAdmin(call, 'bots', { name, guild: needed(call.flags, 'guild') }, BotAdded);
    const { bot, guild, owner, ownerPassword } = added;
    const password = ownerPassword ? `, password ${ownerPassword}` : '';
    call.print(added, [
      `bot    ${bot.username} (${bot.id})`,
      `guild  ${guild.name} (${guild.id})`,
      ...(owner ? [`owner  ${owner.username} (${owner.id})${password}`] : []),
      `token  ${added.token}`,
    ]);
  },
};
