"""Types and classes of mautrix that plugins bring into their own code."""
from __future__ import annotations

from typing import Any

from attr import dataclass
from maubot.client import MaubotMatrixClient as ClientOfClient
from maubot.matrix import MaubotMatrixClient
from mautrix.api import HTTPAPI
from mautrix.client import SyncStream
from mautrix.client.api.events import EventMethods
from mautrix.client.api.rooms import RoomMethods
from mautrix.errors import MatrixResponseError
from mautrix.errors.request import MForbidden
from mautrix.types import (
    JSON,
    CanonicalAliasStateEventContent,
    EncryptedEvent,
    EncryptedFile,
    EncryptedMegolmEventContent,
    Event,
    EventID,
    EventType,
    InReplyTo,
    MessageEventContent,
    MessageType,
    Obj,
    PowerLevelStateEventContent,
    ReactionEventContent,
    RelatesTo,
    RelationType,
    SerializableAttrs,
    SerializableEnum,
    SerializerError,
    deserializer,
    serializer,
)
from mautrix.types.event.message import BaseFileInfo, Format, TextMessageEventContent
from mautrix.util.formatter import EntityType


class Mood(SerializableEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass
class Reading(SerializableAttrs):
    mood: Mood
    value: int = 3


@serializer(Mood)
def shout(mood: Mood) -> JSON:
    return mood.value.upper()


@deserializer(Mood)
def hear(raw: JSON) -> Mood:
    return Mood(str(raw).lower())


def describe(client: Any, event_id: EventID) -> list[Any]:
    """What these are and how they are written as JSON."""
    content = TextMessageEventContent(msgtype=MessageType.TEXT, body="b", format=Format.HTML, formatted_body="<b>b</b>")
    relation = RelatesTo(rel_type=RelationType.THREAD, event_id=event_id, in_reply_to=InReplyTo(event_id=event_id))
    reaction = ReactionEventContent(relates_to=RelatesTo(rel_type=RelationType.ANNOTATION, event_id=event_id, key="k"))
    try:
        Reading.deserialize({"value": "no mood"})
        refused = "no"
    except SerializerError as error:
        refused = type(error).__name__
    types = (EventType.ROOM_CREATE, EventType.ROOM_ENCRYPTION, EventType.ROOM_HISTORY_VISIBILITY, EventType.SPACE_CHILD)
    return [
        [isinstance(client, kind) for kind in (MaubotMatrixClient, ClientOfClient, EventMethods, RoomMethods)],
        isinstance(client.api, HTTPAPI),
        client.api.session is not None,
        client.crypto is None,
        [str(kind) for kind in types],
        content.serialize(),
        relation.serialize(),
        reaction.serialize(),
        Reading.deserialize({"mood": "bad"}).serialize(),
        refused,
        Obj(a={"b": 1}).a.b,
        BaseFileInfo(mimetype="text/plain", size=4).serialize(),
        CanonicalAliasStateEventContent(canonical_alias="#a:b.c").serialize(),
        PowerLevelStateEventContent(users={"@a:b": 7}).get_user_level("@a:b"),
        [kind.__name__ for kind in (EncryptedEvent, EncryptedFile, EncryptedMegolmEventContent, MForbidden)],
        [issubclass(MatrixResponseError, Exception), MessageType.FILE.value, str(EntityType.BOLD), SyncStream.JOINED_ROOM.name],
        Event is not None and MessageEventContent is not None,
    ]
