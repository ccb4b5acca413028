import { Agent } from 'node:http';
import { connect } from 'node:net';
import Eris from 'eris';
import { base, obey, say, token } from './line.mjs';

// As docs/clients.md says: Eris speaks HTTPS to port 443, whatever it is told.
const { host, hostname, port } = new URL(base);
const agent = Object.assign(new Agent(), {
  protocol: 'https:',
  createConnection: () => connect(Number(port), hostname),
});
const bot = new Eris(`Bot ${token}`, {
  intents: [
    'guilds',
    'guildMembers',
    'guildMessages',
    'guildMessageReactions',
    'directMessages',
    'directMessageReactions',
    'messageContent',
  ],
  rest: { domain: host, baseURL: '/api/v10', agent },
});

bot.once('ready', () => {
  const guilds = bot.guilds.map((guild) => ({
    id: guild.id,
    name: guild.name,
    available: !guild.unavailable && !bot.unavailableGuilds.has(guild.id),
    channels: guild.channels.map(({ id }) => id),
    roles: guild.roles.map(({ id }) => id),
    members: guild.memberCount,
    owner: guild.ownerID,
  }));
  say('ready', { user: bot.user.id, application: bot.application.id, guilds });
});
bot.on('rawWS', ({ t }) => {
  if (t === 'READY') say('identified');
});
bot.on('shardResume', () => say('resumed'));
// Eris reports every lost connection as an error: only its warnings about numbers are failures of the server.
bot.on('error', (error) => say('trouble', { error: String(error) }));
bot.on('warn', (text) => say(/sequence/i.test(text) ? 'failure' : 'trouble', { error: text }));

bot.on('messageCreate', async (message) => {
  const { id, channel, content, author } = message;
  say('message', {
    id,
    channel: channel.id,
    content,
    author: author.id,
    files: message.attachments.map((it) => it.url),
  });
  if (content === '!ping') await bot.createMessage(channel.id, 'pong');
});
bot.on('messageUpdate', ({ id, content }) => say('edited', { id, content }));
bot.on('messageDelete', ({ id }) => say('deleted', { id }));
bot.on('messageReactionAdd', (message, emoji, user) =>
  say('reaction', { id: message.id, emoji: emoji.name, user: user.id }),
);

obey({
  send: async ({ channel, content }) => (await bot.createMessage(channel, content)).id,
  edit: async ({ channel, id, content }) => (await bot.editMessage(channel, id, content)).content,
  remove: ({ channel, id }) => bot.deleteMessage(channel, id),
  react: ({ channel, id, emoji }) => bot.addMessageReaction(channel, id, emoji),
  members: async ({ guild }) => (await bot.guilds.get(guild).fetchMembers()).map(({ id }) => id),
  dm: async ({ user, content }) => {
    const { id: channel } = await bot.getDMChannel(user);
    const { id } = await bot.createMessage(channel, content);
    return { channel, id };
  },
  upload: async ({ channel, name, bytes }) => {
    const message = await bot.createMessage(channel, 'a file', { name, file: Buffer.from(bytes, 'base64') });
    return { id: message.id, url: message.attachments[0].url };
  },
  setCommands: async ({ guild, names }) => {
    const commands = names.map((name) => ({ name, description: `does ${name}`, type: 1 }));
    const set = guild ? await bot.bulkEditGuildCommands(guild, commands) : await bot.bulkEditCommands(commands);
    return set.map(({ name }) => name);
  },
  listCommands: async ({ guild }) => {
    const listed = guild ? await bot.getGuildCommands(guild) : await bot.getCommands();
    return listed.map(({ name }) => name);
  },
});
await bot.connect();
