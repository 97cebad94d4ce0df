"""What a plugin hears in a room, and every way to say something there."""
from __future__ import annotations

import json
from typing import Any

from maubot import MessageEvent, Plugin
from maubot.handlers import command, event
from maubot.matrix import MaubotMessageEvent
from mautrix.client import InternalEventType, MembershipEventDispatcher
from mautrix.types import (
    BaseMessageEventContent,
    EventType,
    Format,
    GenericEvent,
    MessageType,
    ReactionEvent,
    RedactionEvent,
    RelatesTo,
    RelationType,
    StateEvent,
    TextMessageEventContent,
)

WORDS = EventType.find("org.example.words", EventType.Class.MESSAGE)


class Messages(Plugin):
    async def start(self) -> None:
        self.client.add_dispatcher(MembershipEventDispatcher)

    async def tell(self, evt: Any, *parts: Any) -> None:
        if evt.sender != self.client.mxid:
            await self.client.send_notice(evt.room_id, " | ".join(str(part) for part in parts))

    # Patterns

    @command.passive("(?:the )?weather in (\\w+)", case_insensitive=True)
    async def weather(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"weather {match!r}", markdown=False)

    @command.passive("#([0-9]+)", multiple=True)
    async def issues(self, evt: MessageEvent, matches: list[tuple[str, ...]]) -> None:
        await evt.reply(f"issues {matches!r}", markdown=False)

    @command.passive("^line two$", multiline=True)
    async def second_line(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"line {match!r}", markdown=False)

    @command.passive("begin(.+)end", dot_all=True)
    async def across_lines(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"across {match!r}", markdown=False)

    @command.passive("^cat", msgtypes=(MessageType.IMAGE, MessageType.NOTICE))
    async def cats(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"cat in {evt.content.msgtype}")

    @command.passive("@[mr]-messages:", field=lambda evt: evt.content.formatted_body or "", msgtypes=(MessageType.TEXT,))
    async def mentioned(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"mentioned {match!r}", markdown=False)

    @command.passive("^[👍🎉]$", field=lambda evt: evt.content.relates_to.key, event_type=EventType.REACTION, msgtypes=None)
    async def liked(self, evt: ReactionEvent, match: tuple[str, ...]) -> None:
        await self.tell(evt, "liked", match)

    @command.passive("twice")
    @command.passive("stacked")
    async def stacked(self, evt: MessageEvent, match: tuple[str, ...]) -> None:
        await evt.reply(f"stacked {match!r}", markdown=False)

    # Events

    @event.on(EventType.ROOM_MESSAGE)
    async def described(self, evt: MessageEvent) -> None:
        content = evt.content
        if evt.sender == self.client.mxid or not content.body.startswith("describe"):
            return
        if not isinstance(content, BaseMessageEventContent):
            await evt.respond(f"{type(content).__name__} {content.body}")
            return
        relates = content.relates_to
        described = {
            "class": type(content).__name__,
            "event": isinstance(evt, MaubotMessageEvent),
            "msgtype": str(content.msgtype),
            "format": str(getattr(content, "format", None)),
            "formatted": getattr(content, "formatted_body", None),
            "relation": str(relates.rel_type) if relates else None,
            "reply": content.get_reply_to(),
            "edit": content.get_edit(),
            "thread": content.get_thread_parent(),
            "url": getattr(content, "url", None),
            "file": str(getattr(content, "file", None)),
            "info": content.info.serialize() if getattr(content, "info", None) else None,
            "sent": evt.timestamp > 1_600_000_000_000,
            "whole": evt.serialize()["content"],
        }
        await evt.respond(json.dumps(described, sort_keys=True), markdown=False)

    @event.on(EventType.REACTION)
    async def reacted(self, evt: ReactionEvent) -> None:
        relation = evt.content.relates_to
        await self.tell(evt, "reaction", relation.key, relation.event_id, relation.rel_type, evt.client is self.client)

    @event.on(EventType.ROOM_REDACTION)
    async def redacted(self, evt: RedactionEvent) -> None:
        await self.tell(evt, "redaction", evt.redacts, evt.content.reason)

    @event.on(EventType.ROOM_MEMBER)
    async def member(self, evt: StateEvent) -> None:
        before = evt.prev_content.membership if evt.prev_content else None
        await self.tell(evt, "member", evt.state_key, evt.content.membership, before, evt.content.displayname)

    @event.on(EventType.ROOM_NAME)
    async def named(self, evt: StateEvent) -> None:
        await self.tell(evt, "name", evt.content.name)

    @event.on(EventType.ROOM_TOPIC)
    async def topic(self, evt: StateEvent) -> None:
        await self.tell(evt, "topic", evt.content.topic)

    @event.on(EventType.ROOM_AVATAR)
    async def avatar(self, evt: StateEvent) -> None:
        await self.tell(evt, "avatar", evt.content.url)

    @event.on(EventType.ROOM_POWER_LEVELS)
    async def power(self, evt: StateEvent) -> None:
        await self.tell(evt, "power", evt.content.get_user_level(evt.sender), evt.content.users_default)

    @event.on(EventType.ROOM_CANONICAL_ALIAS)
    async def alias(self, evt: StateEvent) -> None:
        await self.tell(evt, "alias", evt.content.canonical_alias)

    @event.on(EventType.ROOM_TOMBSTONE)
    async def tombstone(self, evt: StateEvent) -> None:
        await self.tell(evt, "tombstone", evt.content.body, evt.content.replacement_room)

    @event.on(EventType.ROOM_ENCRYPTED)
    async def encrypted(self, evt: Any) -> None:
        await self.tell(evt, "encrypted", type(evt).__name__, evt.content.algorithm)

    @event.on(WORDS)
    async def words(self, evt: GenericEvent) -> None:
        await self.tell(evt, "words", type(evt).__name__, json.dumps(evt.content.serialize(), sort_keys=True))

    @event.on(EventType.ALL)
    async def everything(self, evt: Any) -> None:
        if evt.type.t.startswith("org.example.any"):
            await self.tell(evt, "all", evt.type.t, evt.type.t_class)

    @event.on(InternalEventType.JOIN)
    async def joined(self, evt: StateEvent) -> None:
        await self.tell(evt, "join", evt.state_key)

    @event.on(InternalEventType.LEAVE)
    async def left(self, evt: StateEvent) -> None:
        await self.tell(evt, "leave", evt.state_key)

    @event.on(InternalEventType.INVITE)
    async def invited(self, evt: StateEvent) -> None:
        await self.tell(evt, "invite", evt.state_key)

    @event.on(InternalEventType.KICK)
    async def kicked(self, evt: StateEvent) -> None:
        await self.tell(evt, "kick", evt.state_key, evt.content.reason)

    @event.on(InternalEventType.BAN)
    async def banned(self, evt: StateEvent) -> None:
        await self.tell(evt, "ban", evt.state_key)

    @event.on(InternalEventType.PROFILE_CHANGE)
    async def profile(self, evt: StateEvent) -> None:
        await self.tell(evt, "profile", evt.content.displayname)

    # Handlers that come and go

    async def by_hand(self, evt: MessageEvent) -> None:
        if evt.content.body == "anybody?":
            await self.tell(evt, "by hand")

    @command.new("listen")
    @command.argument("mode", matches="on|off|list")
    async def listen(self, evt: MessageEvent, mode: tuple[str, ...] | str) -> None:
        mode = mode if isinstance(mode, str) else mode[0]
        if mode == "on":
            self.client.add_event_handler(EventType.ROOM_MESSAGE, self.by_hand)
        elif mode == "off":
            self.client.remove_event_handler(EventType.ROOM_MESSAGE, self.by_hand)
        is_listening = self.by_hand in self.client.event_handlers[EventType.ROOM_MESSAGE]
        await evt.respond("listening" if is_listening else "not listening")

    # Ways to speak

    @command.new("say")
    @command.argument("what")
    async def say(self, evt: MessageEvent, what: str) -> None:
        await getattr(self, f"say_{what}")(evt)

    async def say_markdown(self, evt: MessageEvent) -> None:
        await evt.respond("**bold** *slanted* `code` [link](https://example.org) ~~gone~~\n\n* one\n* two\n\n> quoted")
        await evt.respond("# Title\n\n1. one\n2. two\n\n```python\nprint(1)\n```\n\n---\n\nline  \nbreak <b>tag</b>")
        await evt.respond("<b>tag</b> &amp; *text*", allow_html=True)
        await evt.respond("**not** bold", markdown=False)
        await evt.respond("<i>html</i> **not** bold", markdown=False, allow_html=True)
        await evt.respond("plain & simple < > \"quoted\" 'single'")

    async def say_reply(self, evt: MessageEvent) -> None:
        await evt.reply("a *reply*")
        await evt.reply("in a thread", in_thread=True)
        await evt.respond("not in a thread", in_thread=False)
        await evt.respond("a respond that replies", reply=True)

    async def say_content(self, evt: MessageEvent) -> None:
        content = TextMessageEventContent(
            msgtype=MessageType.TEXT, body="body", format=Format.HTML, formatted_body="<h1>body</h1>"
        )
        await evt.respond(content)
        await evt.reply(TextMessageEventContent(msgtype=MessageType.EMOTE, body="waves"))
        await evt.respond("with more", extra_content={"org.example.extra": {"one": 1}})
        related = TextMessageEventContent(msgtype=MessageType.NOTICE, body="related")
        related.relates_to = RelatesTo(rel_type=RelationType.REFERENCE, event_id=evt.event_id)
        await evt.respond(related)
        await evt.respond(TextMessageEventContent(msgtype=MessageType.NOTICE, body="of another type"), event_type=WORDS)

    async def say_edit(self, evt: MessageEvent) -> None:
        event_id = await evt.respond("before")
        await evt.respond("after *all*", edits=event_id)
        content = TextMessageEventContent(msgtype=MessageType.NOTICE, body="by content")
        content.set_edit(event_id)
        await self.client.send_message(evt.room_id, content)
        sent = await self.client.get_event(evt.room_id, event_id)
        await MaubotMessageEvent(sent, self.client).edit("edited by the event")

    async def say_set_reply(self, evt: MessageEvent) -> None:
        content = TextMessageEventContent(msgtype=MessageType.TEXT, body="set", format=Format.HTML, formatted_body="<b>set</b>")
        content.set_reply(evt)
        await self.client.send_message(evt.room_id, content)

    async def say_reactions(self, evt: MessageEvent) -> None:
        await evt.react("👍")
        await evt.react("a word")
        await self.client.react(evt.room_id, evt.event_id, "🎉")

    async def say_redactions(self, evt: MessageEvent) -> None:
        event_id = await evt.respond("soon gone")
        await self.client.redact(evt.room_id, event_id, reason="tidied")
        await evt.redact("not needed")

    async def say_read(self, evt: MessageEvent) -> None:
        await evt.mark_read()
        await evt.respond("read")

    async def say_long(self, evt: MessageEvent) -> None:
        await evt.respond("word " * 9_000)
