import { AttachmentBuilder, Client, Events, GatewayIntentBits as I, Partials } from 'discord.js';
import { base, obey, say, token } from './line.mjs';

const client = new Client({
  intents: [
    I.Guilds,
    I.GuildMembers,
    I.GuildMessages,
    I.GuildMessageReactions,
    I.DirectMessages,
    I.DirectMessageReactions,
    I.MessageContent,
  ],
  partials: [Partials.Channel, Partials.Message, Partials.Reaction],
  rest: { api: `${base}/api`, cdn: base, mediaProxy: base },
});

client.once(Events.ClientReady, () => {
  const guilds = client.guilds.cache.map((guild) => ({
    id: guild.id,
    name: guild.name,
    available: guild.available,
    channels: guild.channels.cache.map(({ id }) => id),
    roles: guild.roles.cache.map(({ id }) => id),
    members: guild.memberCount,
    owner: guild.ownerId,
  }));
  say('ready', { user: client.user.id, application: client.application.id, guilds });
});
client.ws.on('READY', () => say('identified'));
client.ws.on('GUILD_CREATE', ({ id }) => say('guild', { id }));
client.on(Events.ShardResume, () => say('resumed'));
client.on(Events.Error, (error) => say('failure', { error: String(error) }));

client.on(Events.MessageCreate, async (message) => {
  const { id, channelId: channel, content, author } = message;
  say('message', { id, channel, content, author: author.id, files: message.attachments.map(({ url }) => url) });
  if (content === '!ping') await message.channel.send('pong');
});
client.on(Events.MessageUpdate, (_old, { id, content }) => say('edited', { id, content }));
client.on(Events.MessageDelete, ({ id }) => say('deleted', { id }));
client.on(Events.MessageReactionAdd, ({ message, emoji }, user) =>
  say('reaction', { id: message.id, emoji: emoji.name, user: user.id }),
);

const channelOf = (id) => client.channels.fetch(id);
const messageOf = async (channel, id) => (await channelOf(channel)).messages.fetch(id);
const commandsOf = (guild) => (guild ? client.guilds.cache.get(guild).commands : client.application.commands);

obey({
  send: async ({ channel, content }) => (await (await channelOf(channel)).send(content)).id,
  edit: async ({ channel, id, content }) => (await (await messageOf(channel, id)).edit(content)).content,
  remove: async ({ channel, id }) => void (await (await messageOf(channel, id)).delete()),
  react: async ({ channel, id, emoji }) => void (await (await messageOf(channel, id)).react(emoji)),
  members: async ({ guild }) => [...(await client.guilds.cache.get(guild).members.fetch()).keys()],
  dm: async ({ user, content }) => {
    const message = await (await client.users.fetch(user)).send(content);
    return { channel: message.channelId, id: message.id };
  },
  upload: async ({ channel, name, bytes }) => {
    const file = new AttachmentBuilder(Buffer.from(bytes, 'base64'), { name });
    const message = await (await channelOf(channel)).send({ content: 'a file', files: [file] });
    return { id: message.id, url: message.attachments.first().url };
  },
  setCommands: async ({ guild, names }) => {
    const commands = names.map((name) => ({ name, description: `does ${name}` }));
    return (await commandsOf(guild).set(commands)).map(({ name }) => name);
  },
  listCommands: async ({ guild }) => (await commandsOf(guild).fetch()).map(({ name }) => name),
});
await client.login(token);
