"""discord.py under test: speaks with its test in lines of JSON, like line.mjs."""

import asyncio
import base64
import io
import json
import os
import sys
import threading
import traceback

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

base = yarl.URL(os.environ["GUILDHALL_URL"])
Route.BASE = str(base / "api/v10")
DiscordWebSocket.DEFAULT_GATEWAY = base.with_scheme("ws")
discord.asset.Asset.BASE = str(base).rstrip("/")

intents = discord.Intents(
    guilds=True,
    members=True,
    guild_messages=True,
    guild_reactions=True,
    dm_messages=True,
    dm_reactions=True,
    message_content=True,
)


def line(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def say(event, **fields):
    line({"event": event, **fields})


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=intents, chunk_guilds_at_startup=False)
        self.tree = app_commands.CommandTree(self)
        self.told = False

    async def on_socket_event_type(self, name):
        if name == "READY":
            say("identified")

    async def on_ready(self):
        if self.told:
            return
        self.told = True
        guilds = [
            {
                "id": str(guild.id),
                "name": guild.name,
                "available": not guild.unavailable,
                "channels": [str(channel.id) for channel in guild.channels],
                "roles": [str(role.id) for role in guild.roles],
                "members": guild.member_count,
                "owner": str(guild.owner_id),
            }
            for guild in self.guilds
        ]
        say("ready", user=str(self.user.id), application=str(self.application_id), guilds=guilds)

    async def on_resumed(self):
        say("resumed")

    async def on_error(self, event, *args, **kwargs):
        say("failure", error=f"{event}: {traceback.format_exc()}")

    async def on_message(self, message):
        say(
            "message",
            id=str(message.id),
            channel=str(message.channel.id),
            content=message.content,
            author=str(message.author.id),
            files=[attachment.url for attachment in message.attachments],
        )
        if message.content == "!ping":
            await message.channel.send("pong")

    async def on_raw_message_edit(self, payload):
        say("edited", id=str(payload.message_id), content=payload.data["content"])

    async def on_raw_message_delete(self, payload):
        say("deleted", id=str(payload.message_id))

    async def on_raw_reaction_add(self, payload):
        say("reaction", id=str(payload.message_id), emoji=payload.emoji.name, user=str(payload.user_id))


bot = Bot()


async def channel_of(id):
    return bot.get_channel(int(id)) or await bot.fetch_channel(int(id))


def place(guild):
    return discord.Object(int(guild)) if guild else None


async def send(channel, content):
    return str((await (await channel_of(channel)).send(content)).id)


async def edit(channel, id, content):
    message = await (await channel_of(channel)).fetch_message(int(id))
    return (await message.edit(content=content)).content


async def remove(channel, id):
    await (await channel_of(channel)).get_partial_message(int(id)).delete()


async def react(channel, id, emoji):
    await (await channel_of(channel)).get_partial_message(int(id)).add_reaction(emoji)


async def members(guild):
    return [str(member.id) for member in await bot.get_guild(int(guild)).chunk()]


async def dm(user, content):
    message = await (await bot.fetch_user(int(user))).send(content)
    return {"channel": str(message.channel.id), "id": str(message.id)}


async def upload(channel, name, bytes):
    file = discord.File(io.BytesIO(base64.b64decode(bytes)), filename=name)
    message = await (await channel_of(channel)).send("a file", file=file)
    return {"id": str(message.id), "url": message.attachments[0].url}


async def download(url):
    return base64.b64encode(await bot.http.get_from_cdn(url)).decode()


async def set_commands(names, guild=None):
    where = place(guild)
    bot.tree.clear_commands(guild=where)
    for name in names:

        async def run(interaction: discord.Interaction):
            await interaction.response.send_message("done")

        bot.tree.add_command(app_commands.Command(name=name, description=f"does {name}", callback=run), guild=where)
    return [command.name for command in await bot.tree.sync(guild=where)]


async def list_commands(guild=None):
    return [command.name for command in await bot.tree.fetch_commands(guild=place(guild))]


ACTS = {
    "send": send,
    "edit": edit,
    "remove": remove,
    "react": react,
    "members": members,
    "dm": dm,
    "upload": upload,
    "download": download,
    "setCommands": set_commands,
    "listCommands": list_commands,
}


async def obey(text):
    asked = json.loads(text)
    try:
        line({"reply": asked["ask"], "value": await ACTS[asked["act"]](**asked["args"])})
    except Exception:
        line({"reply": asked["ask"], "error": traceback.format_exc()})


def listen(loop):
    for text in sys.stdin:
        asyncio.run_coroutine_threadsafe(obey(text), loop)


async def main():
    threading.Thread(target=listen, args=(asyncio.get_running_loop(),), daemon=True).start()
    discord.utils.setup_logging(root=True)
    say("started", runtime=f"python {sys.version.split()[0]}", bun=False)
    async with bot:
        await bot.start(os.environ["GUILDHALL_TOKEN"])


asyncio.run(main())
