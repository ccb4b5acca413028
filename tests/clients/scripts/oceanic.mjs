import { Client, Intents as I } from 'oceanic.js';
import { base, obey, say, token } from './line.mjs';

const client = new Client({
  auth: `Bot ${token}`,
  gateway: {
    intents:
      I.GUILDS |
      I.GUILD_MEMBERS |
      I.GUILD_MESSAGES |
      I.GUILD_MESSAGE_REACTIONS |
      I.DIRECT_MESSAGES |
      I.DIRECT_MESSAGE_REACTIONS |
      I.MESSAGE_CONTENT,
  },
  rest: { baseURL: `${base}/api/v10` },
});

client.once('ready', () => {
  const guilds = client.guilds.map((guild) => ({
    id: guild.id,
    name: guild.name,
    available: !guild.unavailable && !client.unavailableGuilds.has(guild.id),
    channels: guild.channels.map(({ id }) => id),
    roles: guild.roles.map(({ id }) => id),
    members: guild.memberCount,
    owner: guild.ownerID,
  }));
  say('ready', { user: client.user.id, application: client.application.id, guilds });
});
client.on('packet', ({ t }) => {
  if (t === 'READY') say('identified');
});
client.on('shardResume', () => say('resumed'));
// Oceanic reports every lost connection as an error: only its warnings about numbers are failures of the server.
client.on('error', (error) => say('trouble', { error: String(error) }));
client.on('warn', (text) => say(/sequence/i.test(text) ? 'failure' : 'trouble', { error: text }));

const { channels, applications } = client.rest;

client.on('messageCreate', async (message) => {
  const { id, channelID: channel, content, author } = message;
  say('message', { id, channel, content, author: author.id, files: message.attachments.map(({ url }) => url) });
  if (content === '!ping') await channels.createMessage(channel, { content: 'pong' });
});
client.on('messageUpdate', ({ id, content }) => say('edited', { id, content }));
client.on('messageDelete', ({ id }) => say('deleted', { id }));
client.on('messageReactionAdd', (message, user, { emoji }) =>
  say('reaction', { id: message.id, emoji: emoji.name, user: user.id }),
);

obey({
  send: async ({ channel, content }) => (await channels.createMessage(channel, { content })).id,
  edit: async ({ channel, id, content }) => (await channels.editMessage(channel, id, { content })).content,
  remove: ({ channel, id }) => channels.deleteMessage(channel, id),
  react: ({ channel, id, emoji }) => channels.createReaction(channel, id, emoji),
  members: async ({ guild }) => (await client.guilds.get(guild).fetchMembers()).map(({ id }) => id),
  dm: async ({ user, content }) => {
    const { id: channel } = await channels.createDM(user);
    const { id } = await channels.createMessage(channel, { content });
    return { channel, id };
  },
  upload: async ({ channel, name, bytes }) => {
    const files = [{ name, contents: Buffer.from(bytes, 'base64') }];
    const message = await channels.createMessage(channel, { content: 'a file', files });
    return { id: message.id, url: message.attachments.first().url };
  },
  setCommands: async ({ guild, names }) => {
    const commands = names.map((name) => ({ name, description: `does ${name}`, type: 1 }));
    const { id } = client.application;
    const set = guild
      ? await applications.bulkEditGuildCommands(id, guild, commands)
      : await applications.bulkEditGlobalCommands(id, commands);
    return set.map(({ name }) => name);
  },
  listCommands: async ({ guild }) => {
    const { id } = client.application;
    const listed = guild ? await applications.getGuildCommands(id, guild) : await applications.getGlobalCommands(id);
    return listed.map(({ name }) => name);
  },
});
await client.connect();
