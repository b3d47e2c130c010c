"""Ways to add a member (联系我, 渠道活码) and to join a group chat. Source: vendor manual, pages 92228 and 92229."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ADD_CONTACT = "/cgi-bin/externalcontact/add_contact_way"
UPDATE_CONTACT = "/cgi-bin/externalcontact/update_contact_way"
DELETE_CONTACT = "/cgi-bin/externalcontact/del_contact_way"
GET_CONTACT = "/cgi-bin/externalcontact/get_contact_way"
LIST_CONTACT = "/cgi-bin/externalcontact/list_contact_way"
ADD_JOIN = "/cgi-bin/externalcontact/groupchat/add_join_way"
GET_JOIN = "/cgi-bin/externalcontact/groupchat/get_join_way"
DELETE_JOIN = "/cgi-bin/externalcontact/groupchat/del_join_way"

BY_CODE = 2
SEVERAL = 2
MEMBERS_MOST, CHATS_MOST = 100, 5
STATE_CHARACTERS, REMARK_CHARACTERS, ROOM_CHARACTERS = 30, 30, 40
WAYS_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ContactWay:
    """A code by which customers add one of the members. ``qr_code``: the address of its picture."""

    config_id: str
    qr_code: str
    channel: str = ""
    members: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class JoinWay:
    """A code by which customers join a group chat; without ``qr_code`` where the platform could not yet be asked."""

    config_id: str
    qr_code: str


def contact_way(members: Sequence[str], channel: str, remark: str, *, skip_verify: bool) -> dict[str, Any]:
    """The request of a new way. Raises ValueError for what the platform is sure to refuse."""
    if len(channel) > STATE_CHARACTERS:
        raise ValueError(f"a channel has up to {STATE_CHARACTERS} characters")
    # Of the kind for several even with one: the kind cannot be changed later, the members can.
    return {
        "type": SEVERAL,
        "scene": BY_CODE,
        "user": checked_members(members),
        "state": channel,
        "remark": remark[:REMARK_CHARACTERS],
        "skip_verify": skip_verify,
    }


def checked_members(members: Sequence[str]) -> list[str]:
    if not 1 <= len(members) <= MEMBERS_MOST:
        raise ValueError(f"a way leads to 1 to {MEMBERS_MOST} members, not {len(members)}")
    return list(members)


def contact_way_of(row: dict[str, Any]) -> ContactWay:
    return ContactWay(
        config_id=str(row["config_id"]),
        qr_code=str(row.get("qr_code") or ""),
        channel=str(row.get("state") or ""),
        members=tuple(map(str, row.get("user") or ())),
        remark=str(row.get("remark") or ""),
    )


def join_way(chat_ids: Sequence[str], channel: str, remark: str, room_name: str) -> dict[str, Any]:
    """The request of a new way into up to five chats; with ``room_name`` full ones are followed by a new one."""
    if not 1 <= len(chat_ids) <= CHATS_MOST:
        raise ValueError(f"a way leads to 1 to {CHATS_MOST} chats, not {len(chat_ids)}")
    if len(channel) > STATE_CHARACTERS or len(room_name) > ROOM_CHARACTERS:
        raise ValueError(f"a channel has up to {STATE_CHARACTERS} characters, a room's name {ROOM_CHARACTERS}")
    asked: dict[str, Any] = {
        "scene": BY_CODE,
        "chat_id_list": list(chat_ids),
        "state": channel,
        "remark": remark[:REMARK_CHARACTERS],
        "auto_create_room": int(bool(room_name)),
    }
    return asked | ({"room_base_name": room_name, "room_base_id": 1} if room_name else {})
