import { createBot, createDesiredPropertiesObject, Intents as I } from '@discordeno/bot';
import { base, obey, say, token } from './line.mjs';

let ready = null;
let told = false;
const guilds = [];

const bot = createBot({
  token,
  intents:
    I.Guilds |
    I.GuildMembers |
    I.GuildMessages |
    I.GuildMessageReactions |
    I.DirectMessages |
    I.DirectMessageReactions |
    I.MessageContent,
  rest: { token, proxy: { baseUrl: `${base}/api` } },
  gateway: { token, cache: { requestMembers: { enabled: true } } },
  desiredProperties: createDesiredPropertiesObject({}, true),
  events: {
    ready: (payload) => {
      ready = payload;
      say('identified');
    },
    guildCreate: (guild) => {
      guilds.push({
        id: guild.id,
        name: guild.name,
        available: !guild.unavailable,
        channels: [...guild.channels.keys()],
        roles: [...guild.roles.keys()],
        members: guild.memberCount,
        owner: guild.ownerId,
      });
      if (told || guilds.length < ready.guilds.length) return;
      told = true;
      say('ready', { user: ready.user.id, application: ready.applicationId, guilds });
    },
    messageCreate: async (message) => {
      const { id, channelId: channel, content, author } = message;
      say('message', {
        id,
        channel,
        content,
        author: author.id,
        files: message.attachments?.map(({ url }) => url) ?? [],
      });
      if (content === '!ping') await bot.helpers.sendMessage(channel, { content: 'pong' });
    },
    messageUpdate: ({ id, content }) => say('edited', { id, content }),
    messageDelete: ({ id }) => say('deleted', { id }),
    reactionAdd: ({ messageId, emoji, userId }) => say('reaction', { id: messageId, emoji: emoji.name, user: userId }),
    raw: ({ t }) => {
      if (t === 'RESUMED') say('resumed');
    },
  },
});

obey({
  send: async ({ channel, content }) => (await bot.helpers.sendMessage(channel, { content })).id,
  edit: async ({ channel, id, content }) => (await bot.helpers.editMessage(channel, id, { content })).content,
  remove: ({ channel, id }) => bot.helpers.deleteMessage(channel, id),
  react: ({ channel, id, emoji }) => bot.helpers.addReaction(channel, id, emoji),
  members: async ({ guild }) => {
    const members = await bot.gateway.requestMembers(guild, { query: '', limit: 0, nonce: 'all-members' });
    return members.map(({ user }) => user.id);
  },
  dm: async ({ user, content }) => {
    const { id: channel } = await bot.helpers.getDmChannel(user);
    const { id } = await bot.helpers.sendMessage(channel, { content });
    return { channel, id };
  },
  upload: async ({ channel, name, bytes }) => {
    const files = [{ name, blob: new Blob([Buffer.from(bytes, 'base64')]) }];
    const message = await bot.helpers.sendMessage(channel, { content: 'a file', files });
    return { id: message.id, url: message.attachments[0].url };
  },
  setCommands: async ({ guild, names }) => {
    const commands = names.map((name) => ({ name, description: `does ${name}` }));
    const set = guild
      ? await bot.helpers.upsertGuildApplicationCommands(guild, commands)
      : await bot.helpers.upsertGlobalApplicationCommands(commands);
    return set.map(({ name }) => name);
  },
  listCommands: async ({ guild }) => {
    const listed = guild
      ? await bot.helpers.getGuildApplicationCommands(guild)
      : await bot.helpers.getGlobalApplicationCommands();
    return listed.map(({ name }) => name);
  },
});
await bot.start();
