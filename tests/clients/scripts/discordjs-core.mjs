import { Client, GatewayDispatchEvents as E, GatewayIntentBits as I } from '@discordjs/core';
import { REST } from '@discordjs/rest';
import { WebSocketManager } from '@discordjs/ws';
import { base, obey, say, token } from './line.mjs';

const rest = new REST({ api: `${base}/api`, cdn: base }).setToken(token);
const intents =
  I.Guilds |
  I.GuildMembers |
  I.GuildMessages |
  I.GuildMessageReactions |
  I.DirectMessages |
  I.DirectMessageReactions |
  I.MessageContent;
const gateway = new WebSocketManager({ token, intents, rest });
const client = new Client({ rest, gateway });
const { api } = client;

let ready = null;
const guilds = [];
client.on(E.Ready, ({ data }) => {
  ready = data;
  say('identified');
});
client.on(E.GuildCreate, ({ data }) => {
  guilds.push({
    id: data.id,
    name: data.name,
    available: data.unavailable === false,
    channels: data.channels.map(({ id }) => id),
    roles: data.roles.map(({ id }) => id),
    members: data.member_count,
    owner: data.owner_id,
  });
  if (guilds.length < ready.guilds.length) return;
  say('ready', { user: ready.user.id, application: ready.application.id, guilds });
});
client.on(E.Resumed, () => say('resumed'));
gateway.on('error', (error) => say('failure', { error: String(error) }));

client.on(E.MessageCreate, async ({ data }) => {
  const { id, channel_id: channel, content, author, attachments } = data;
  say('message', { id, channel, content, author: author.id, files: attachments.map(({ url }) => url) });
  if (content === '!ping') await api.channels.createMessage(channel, { content: 'pong' });
});
client.on(E.MessageUpdate, ({ data }) => say('edited', { id: data.id, content: data.content }));
client.on(E.MessageDelete, ({ data }) => say('deleted', { id: data.id }));
client.on(E.MessageReactionAdd, ({ data }) =>
  say('reaction', { id: data.message_id, emoji: data.emoji.name, user: data.user_id }),
);

obey({
  send: async ({ channel, content }) => (await api.channels.createMessage(channel, { content })).id,
  edit: async ({ channel, id, content }) => (await api.channels.editMessage(channel, id, { content })).content,
  remove: ({ channel, id }) => api.channels.deleteMessage(channel, id),
  react: ({ channel, id, emoji }) => api.channels.addMessageReaction(channel, id, emoji),
  members: async ({ guild }) => {
    const { members } = await client.requestGuildMembers({ guild_id: guild, query: '', limit: 0 });
    return members.map(({ user }) => user.id);
  },
  dm: async ({ user, content }) => {
    const { id: channel } = await api.users.createDM(user);
    const { id } = await api.channels.createMessage(channel, { content });
    return { channel, id };
  },
  upload: async ({ channel, name, bytes }) => {
    const files = [{ name, data: Buffer.from(bytes, 'base64') }];
    const message = await api.channels.createMessage(channel, { content: 'a file', files });
    return { id: message.id, url: message.attachments[0].url };
  },
  setCommands: async ({ guild, names }) => {
    const commands = names.map((name) => ({ name, description: `does ${name}` }));
    const { application } = ready;
    const set = guild
      ? await api.applicationCommands.bulkOverwriteGuildCommands(application.id, guild, commands)
      : await api.applicationCommands.bulkOverwriteGlobalCommands(application.id, commands);
    return set.map(({ name }) => name);
  },
  listCommands: async ({ guild }) => {
    const { application } = ready;
    const listed = guild
      ? await api.applicationCommands.getGuildCommands(application.id, guild)
      : await api.applicationCommands.getGlobalCommands(application.id);
    return listed.map(({ name }) => name);
  },
});
await gateway.connect();
