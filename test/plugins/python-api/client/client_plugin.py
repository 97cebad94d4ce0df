"""The client's methods, each call's result written into the room."""
from __future__ import annotations

import json
from typing import Any, Awaitable

from aiohttp import ClientResponseError
from maubot import MessageEvent, Plugin
from maubot.handlers import command, event
from mautrix.api import Method, Path
from mautrix.client import Client
from mautrix.errors import MatrixRequestError, MForbidden, MNotFound
from mautrix.types import (
    AudioInfo,
    ContentURI,
    EventType,
    FileInfo,
    Format,
    ImageInfo,
    JoinRule,
    JoinRulesStateEventContent,
    MediaMessageEventContent,
    Membership,
    MessageType,
    PaginationDirection,
    RoomAlias,
    RoomCreatePreset,
    RoomDirectoryVisibility,
    RoomNameStateEventContent,
    StateEvent,
    TextMessageEventContent,
    ThumbnailInfo,
    UserID,
    VideoInfo,
)
from mautrix.util import background_task, markdown
from mautrix.util.formatter import MatrixParser, parse_html

from client_types import describe

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da6364f8ff"
    "ff1f0003030100b58a6b5c0000000049454e44ae426082"
)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if hasattr(value, "serialize"):
        return plain(value.serialize())
    return value if isinstance(value, (bool, int, float, type(None))) else str(value)


class ClientCalls(Plugin):
    async def pre_start(self) -> None:
        self.memberships: list[str] = []

    @command.new("call")
    @command.argument("what", required=True)
    @command.argument("rest", pass_raw=True, required=False)
    async def call(self, evt: MessageEvent, what: str, rest: str) -> None:
        try:
            result = await getattr(self, f"call_{what}")(evt, rest)
        except MatrixRequestError as error:
            known = isinstance(error, (MForbidden, MNotFound))
            result = ["refused", type(error).__name__, error.errcode, error.http_status, str(error), known]
        await evt.respond(json.dumps(plain(result), sort_keys=True), markdown=False)

    async def call_identity(self, evt: MessageEvent, _: str) -> Any:
        who = await self.client.whoami()
        return [
            self.client.mxid,
            who.user_id,
            isinstance(self.client, Client),
            Client.parse_user_id(evt.sender),
            self.client.parse_user_id(UserID("@some.body:example.org")),
            await self.client.get_displayname(self.client.mxid),
            await self.client.get_profile(evt.sender),
            self.id,
            type(self.log).__name__,
            self.loop.is_running(),
        ]

    async def call_send(self, evt: MessageEvent, _: str) -> Any:
        room = evt.room_id
        content = TextMessageEventContent(msgtype=MessageType.TEXT, body="by send_message")
        ids = [
            await self.client.send_message(room, content),
            await self.client.send_message_event(room, EventType.ROOM_MESSAGE, content),
            await self.client.send_text(room, "by send_text", html="<b>by send_text</b>"),
            await self.client.send_notice(room, "by send_notice"),
            await self.client.send_emote(room, "by send_emote"),
            await self.client.send_markdown(room, "by *send_markdown*", msgtype=MessageType.TEXT),
            await self.client.send_markdown(room, "<u>html</u> edit", allow_html=True, edits=evt.event_id),
            await self.client.send_markdown(room, "related", relates_to=None, render_markdown=False),
            await self.client.react(room, evt.event_id, "✅"),
        ]
        return [len(ids), all(isinstance(event_id, str) and event_id.startswith("$") for event_id in ids)]

    async def call_media(self, evt: MessageEvent, _: str) -> Any:
        room = evt.room_id
        uri = await self.client.upload_media(PIXEL, mime_type="image/png", filename="pixel.png", size=len(PIXEL))
        info = ImageInfo(mimetype="image/png", size=len(PIXEL), width=1, height=1)
        info.thumbnail_url = uri
        info.thumbnail_info = ThumbnailInfo(mimetype="image/png", size=len(PIXEL), width=1, height=1)
        await self.client.send_image(room, url=uri, info=info, file_name="pixel.png")
        await self.client.send_file(room, url=uri, info=FileInfo(mimetype="image/png", size=3), file_name="pixel.bin")
        await self.client.send_file(
            room, url=uri, info=VideoInfo(mimetype="video/mp4", duration=5, width=2, height=3),
            file_name="film.mp4", file_type=MessageType.VIDEO,
        )
        content = MediaMessageEventContent(
            msgtype=MessageType.AUDIO, body="sound.ogg", url=uri, info=AudioInfo(mimetype="audio/ogg", duration=7)
        )
        await evt.reply(content)
        back = await self.client.download_media(uri)
        return [isinstance(uri, str), back == PIXEL, str(self.client.api.get_download_url(ContentURI("mxc://roost.test/abc"))), str(self.client.api.base_url)]

    async def call_read(self, evt: MessageEvent, _: str) -> Any:
        room = evt.room_id
        got = await self.client.get_event(room, evt.event_id)
        power = await self.client.get_state_event(room, EventType.ROOM_POWER_LEVELS)
        state = await self.client.get_state(room)
        joined = await self.client.get_joined_members(room)
        members = await self.client.get_members(room)
        messages = await self.client.get_messages(room, PaginationDirection.BACKWARD, limit=2)
        context = await self.client.get_event_context(room, evt.event_id, limit=2)
        return {
            "event": [type(got).__name__, got.content.body, got.sender],
            "power": [power.users_default, power.get_user_level(evt.sender), power.get_event_level(EventType.ROOM_NAME)],
            "state": sorted({event.type.t for event in state}),
            "joined": sorted(joined),
            "names": sorted(str(member.displayname) for member in joined.values()),
            "members": sorted((m.state_key, str(m.content.membership)) for m in members),
            "join": [m.state_key for m in members if m.content.membership == Membership.JOIN and m.state_key == evt.sender],
            "messages": [event.type.t for event in messages.events],
            "context": context.event.event_id == evt.event_id if hasattr(context, "event") else type(context).__name__,
            "rooms": room in await self.client.get_joined_rooms(),
        }

    async def call_missing(self, evt: MessageEvent, _: str) -> Any:
        return await self.client.get_state_event(evt.room_id, EventType.find("org.example.none", EventType.Class.STATE))

    async def call_missing_event(self, evt: MessageEvent, _: str) -> Any:
        return await self.client.get_event(evt.room_id, "$" + "x" * 43)

    async def call_missing_media(self, evt: MessageEvent, _: str) -> Any:
        try:
            return await self.client.download_media(ContentURI("mxc://roost.test/nothing"))
        except ClientResponseError as error:
            return [type(error).__name__, error.status, str(error)]

    async def call_forbidden(self, evt: MessageEvent, _: str) -> Any:
        return await self.client.kick_user(evt.room_id, evt.sender, reason="no")

    @event.on(EventType.ROOM_MEMBER)
    async def own_membership(self, evt: StateEvent) -> None:
        # maubot hands over invitations too, which have no event id, and repeats what a room's state says.
        if evt.state_key == self.client.mxid and evt.event_id and evt.content.membership != Membership.INVITE:
            self.memberships.append(str(evt.content.membership))

    async def call_memberships(self, evt: MessageEvent, _: str) -> Any:
        return sorted(set(self.memberships))

    async def call_no_room(self, evt: MessageEvent, _: str) -> Any:
        told = []
        calls = (self.client.leave_room, self.client.join_room_by_id, self.client.join_room, self.client.get_joined_members)
        for call in calls:
            try:
                await call("nonsense")
            except MatrixRequestError as error:
                told.append([type(error).__name__, error.errcode, error.http_status, str(error)])
        try:
            await self.client.send_text("nonsense", "lost")
        except MatrixRequestError as error:
            told.append([type(error).__name__, error.errcode, error.http_status, str(error)])
        return told

    async def call_alias(self, evt: MessageEvent, alias: str) -> Any:
        found = await self.client.resolve_room_alias(RoomAlias(alias))
        return [found.room_id, found.servers]

    async def call_state(self, evt: MessageEvent, _: str) -> Any:
        kind = EventType.find("org.example.state", EventType.Class.STATE)
        sent = await self.client.send_state_event(evt.room_id, kind, {"one": 1}, state_key="key")
        await self.client.send_state_event(evt.room_id, EventType.ROOM_NAME, RoomNameStateEventContent(name="Named"))
        back = await self.client.get_state_event(evt.room_id, kind, "key")
        name = await self.client.get_state_event(evt.room_id, EventType.ROOM_NAME)
        return [isinstance(sent, str), back, name.name]

    async def call_account_data(self, evt: MessageEvent, _: str) -> Any:
        await self.client.set_account_data("org.example.data", {"kept": True})
        return await self.client.get_account_data("org.example.data")

    async def call_typing(self, evt: MessageEvent, _: str) -> Any:
        await self.client.set_typing(evt.room_id, timeout=5000)
        return "typed"

    async def call_receipt(self, evt: MessageEvent, _: str) -> Any:
        await self.client.send_receipt(evt.room_id, evt.event_id)
        return "receipt"

    async def call_rooms(self, evt: MessageEvent, guest: str) -> Any:
        client, person = self.client, UserID(guest)
        room = await client.create_room(
            preset=RoomCreatePreset.PRIVATE, name="A room", topic="Of the plugin", invitees=[evt.sender],
            visibility=RoomDirectoryVisibility.PRIVATE, is_direct=False,
            initial_state=[{"type": "org.example.initial", "content": {"x": 1}}],
        )
        steps: list[Any] = [isinstance(room, str), room in await client.get_joined_rooms()]
        await client.send_text(room, "the first words")
        calls: list[Awaitable[Any]] = [
            client.invite_user(room, person),
            client.kick_user(room, person, reason="not yet"),
            client.ban_user(room, person, reason="never"),
            client.unban_user(room, person),
        ]
        for call in calls:
            await call
            member = await client.get_state_event(room, EventType.ROOM_MEMBER, person)
            steps.append(str(member.membership))
        rules = JoinRulesStateEventContent(join_rule=JoinRule.PUBLIC)
        await client.send_state_event(room, EventType.ROOM_JOIN_RULES, rules)
        await client.leave_room(room)
        steps.append(room in await client.get_joined_rooms())
        steps.append(await client.join_room(evt.room_id) == evt.room_id)
        return steps

    async def call_enter(self, evt: MessageEvent, reference: str) -> Any:
        room = await self.client.join_room(reference, servers=["roost.test"])
        steps: list[Any] = [room in await self.client.get_joined_rooms()]
        await self.client.send_text(room, "here I am")
        await self.client.leave_room(room)
        steps.append(room in await self.client.get_joined_rooms())
        return steps

    async def call_request(self, evt: MessageEvent, _: str) -> Any:
        answer = await self.client.api.request(Method.GET, Path.v3.account.whoami)
        state = await self.client.api.request(Method.GET, Path.v3.rooms[evt.room_id].state["m.room.create"])
        return [answer["user_id"], sorted(state)]

    async def call_formats(self, evt: MessageEvent, text: str) -> Any:
        html = markdown.render(text or "*a* **b** <b>c</b>")
        allowed = markdown.render("<b>c</b> _d_", allow_html=True)
        parsed = await parse_html("<p>Hello <b>big</b> <a href='https://example.org'>world</a></p><ul><li>x</li></ul>")
        entity = await MatrixParser().parse("<code>x</code><br>y")
        return [html, allowed, str(parsed), str(entity.text), str(Format.HTML)]

    async def call_types(self, evt: MessageEvent, _: str) -> Any:
        return describe(self.client, evt.event_id)

    async def call_background(self, evt: MessageEvent, _: str) -> Any:
        async def later() -> None:
            await self.client.send_notice(evt.room_id, "from the background")

        task: Awaitable[Any] = background_task.create(later())
        await task
        return "started"
