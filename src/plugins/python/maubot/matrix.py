"""The Matrix client and the message event as plugins know them, over mautrix."""

from __future__ import annotations

from html import escape
from typing import Any

import attr
from mautrix.client import Client, SyncStream
from mautrix.types import (
    BaseMessageEventContentFuncs,
    ContentURI,
    EncryptedEvent,
    Event,
    EventID,
    EventType,
    Format,
    MessageEvent,
    MessageEventContent,
    MessageType,
    RelatesTo,
    RoomID,
    TextMessageEventContent,
)
from mautrix.util import markdown as commonmark
from mautrix.util.formatter import EntityType, MarkdownString, MatrixParser

MAX_TEXT_AND_HTML = 40_000
"""A message whose text and HTML together are longer keeps the HTML and gives up most of the text."""
KEPT_TEXT = 100


class _MarkdownText(MarkdownString):
    """HTML turned back into Markdown: links show their address behind them."""

    def format(self, entity_type: EntityType, **kwargs: Any) -> MarkdownString:
        if entity_type == EntityType.URL:
            if kwargs["url"] != self.text:
                self.text = f"{self.text} ({kwargs['url']})"
            return self
        return super().format(entity_type, **kwargs)


class _MarkdownParser(MatrixParser[MarkdownString]):
    fs = _MarkdownText


async def parse_formatted(
    message: str, allow_html: bool = False, render_markdown: bool = True
) -> tuple[str, str]:
    """The plain text and the HTML of a message that is written in Markdown, HTML or both."""
    if not render_markdown and not allow_html:
        return message, escape(message)
    html = commonmark.render(message, allow_html=allow_html) if render_markdown else message
    text = (await _MarkdownParser().parse(html)).text
    if len(text) > KEPT_TEXT and len(text) + len(html) > MAX_TEXT_AND_HTML:
        text = f"{text[:KEPT_TEXT]}[long message cut off]"
    return text, html


class MaubotMessageEvent(MessageEvent):
    """A message that came, with the ways to answer it."""

    client: MaubotMatrixClient
    disable_reply: bool

    def __init__(self, base: MessageEvent, client: MaubotMatrixClient) -> None:
        super().__init__(**{each.name.lstrip("_"): getattr(base, each.name) for each in attr.fields(MessageEvent)})
        # The sync stream that it came through.
        if (source := getattr(base, "source", None)) is not None:
            self.source = source
        self.client = client
        self.disable_reply = False

    async def respond(
        self,
        content: str | MessageEventContent,
        event_type: EventType = EventType.ROOM_MESSAGE,
        markdown: bool = True,
        allow_html: bool = False,
        reply: bool | str = False,
        in_thread: bool | None = None,
        edits: EventID | MessageEvent | None = None,
        extra_content: dict[str, Any] | None = None,
    ) -> EventID:
        """Posts into the room of this event, and into its thread if it is in one; a string becomes a notice."""
        if isinstance(content, str):
            content = TextMessageEventContent(msgtype=MessageType.NOTICE, body=content)
            if markdown or allow_html:
                content.format = Format.HTML
                content.body, content.formatted_body = await parse_formatted(
                    content.body, allow_html=allow_html, render_markdown=markdown
                )
        if edits is not None:
            content.set_edit(edits)
        elif isinstance(content, BaseMessageEventContentFuncs):
            self._relate(content, reply, in_thread)
        if extra_content:
            for key, value in extra_content.items():
                content[key] = value
        return await self.client.send_message_event(self.room_id, event_type, content)

    def _relate(self, content: Any, reply: bool | str, in_thread: bool | None) -> None:
        own = self.content
        is_in_thread = isinstance(own, BaseMessageEventContentFuncs) and bool(own.get_thread_parent())
        if in_thread or (in_thread is None and is_in_thread):
            content.set_thread_parent(self)
        elif reply:
            content.set_reply(self)

    async def reply(
        self,
        content: str | MessageEventContent,
        event_type: EventType = EventType.ROOM_MESSAGE,
        markdown: bool = True,
        allow_html: bool = False,
        in_thread: bool | None = None,
        edits: EventID | MessageEvent | None = None,
        extra_content: dict[str, Any] | None = None,
    ) -> EventID:
        """Responds with a reply to this event."""
        return await self.respond(
            content,
            event_type,
            markdown=markdown,
            allow_html=allow_html,
            reply=True,
            in_thread=in_thread,
            edits=edits,
            extra_content=extra_content,
        )

    def mark_read(self) -> Any:
        """Sends a read receipt for this event."""
        return self.client.send_receipt(self.room_id, self.event_id, "m.read")

    def react(self, key: str, extra_content: dict[str, Any] | None = None) -> Any:
        """Reacts to this event."""
        if extra_content:
            return self.client.react(self.room_id, self.event_id, key, extra_content=extra_content)
        return self.client.react(self.room_id, self.event_id, key)

    def redact(self, reason: str | None = None) -> Any:
        """Redacts this event."""
        return self.client.redact(self.room_id, self.event_id, reason=reason)

    def edit(
        self,
        content: str | MessageEventContent,
        event_type: EventType = EventType.ROOM_MESSAGE,
        markdown: bool = True,
        allow_html: bool = False,
        extra_content: dict[str, Any] | None = None,
    ) -> Any:
        """Replaces what this event, one of the bot's own, says."""
        return self.respond(
            content,
            event_type,
            markdown=markdown,
            allow_html=allow_html,
            edits=self,
            extra_content=extra_content,
        )


class MaubotMatrixClient(Client):
    """mautrix's client with Markdown and with messages that can be answered."""

    async def send_markdown(
        self,
        room_id: RoomID,
        markdown: str,
        *,
        allow_html: bool = False,
        render_markdown: bool = True,
        msgtype: MessageType = MessageType.TEXT,
        edits: EventID | MessageEvent | None = None,
        relates_to: RelatesTo | None = None,
        extra_content: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> EventID:
        """Posts a message that is written in Markdown."""
        content = TextMessageEventContent(msgtype=msgtype, format=Format.HTML)
        content.body, content.formatted_body = await parse_formatted(
            markdown, allow_html=allow_html, render_markdown=render_markdown
        )
        if relates_to and edits:
            raise ValueError("Can't use edits and relates_to at the same time.")
        if relates_to:
            content.relates_to = relates_to
        elif edits:
            content.set_edit(edits)
        for key, value in (extra_content or {}).items():
            content[key] = value
        return await self.send_message(room_id, content, **kwargs)

    async def get_event(self, room_id: RoomID, event_id: EventID) -> Event:
        """One event; a message comes with the ways to answer it."""
        event = await super().get_event(room_id, event_id)
        if isinstance(event, EncryptedEvent) and self.crypto:
            event = await self.crypto.decrypt_megolm_event(event)
        return self._wrapped(event)

    def dispatch_event(self, event: Event | None, source: SyncStream) -> list[Any]:
        """Hands an event, which knows its client, to all its handlers."""
        event = self._wrapped(event)
        if event is not None and source != SyncStream.INTERNAL:
            event.client = self
        return super().dispatch_event(event, source)

    async def download_media(self, url: ContentURI, timeout_ms: int | None = None) -> bytes:
        """A file from the homeserver; the host fetches it, for the token is its."""
        return await self.api.download(url, timeout_ms=timeout_ms)

    async def download_thumbnail(
        self,
        url: ContentURI,
        width: int | None = None,
        height: int | None = None,
        resize_method: str | None = None,
        allow_remote: bool | None = None,
        timeout_ms: int | None = None,
    ) -> bytes:
        """A thumbnail from the homeserver."""
        query = {
            "width": width,
            "height": height,
            "method": resize_method,
            "allow_remote": None if allow_remote is None else str(allow_remote).lower(),
        }
        return await self.api.download(url, kind="thumbnail", query=query, timeout_ms=timeout_ms)

    def _wrapped(self, event: Event | None) -> Event | None:
        if isinstance(event, MessageEvent) and not isinstance(event, MaubotMessageEvent):
            return MaubotMessageEvent(event, self)
        return event
