"""Customer groups (客户群): who owns one and who is in it. What is said there nobody tells us.

Source: vendor manual, pages 93414 (list), 92707 (members) and 92366 (welcome).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.platforms.envelope import shorten
from bot.platforms.wecom.calls import attachment
from bot.platforms.wecom.pages import moment

LIST = "/cgi-bin/externalcontact/groupchat/list"
ONE = "/cgi-bin/externalcontact/groupchat/get"
WELCOME_ADD = "/cgi-bin/externalcontact/group_welcome_template/add"
WELCOME_EDIT = "/cgi-bin/externalcontact/group_welcome_template/edit"
WELCOME_DELETE = "/cgi-bin/externalcontact/group_welcome_template/del"

CHATS_A_PAGE, OWNERS_A_CALL = 1000, 100
WELCOME_BYTES = 3000
MEMBER = 1


@dataclass(frozen=True, slots=True)
class ChatPage:
    """Ids of group chats; ``next``: the cursor of the following page, ``""`` on the last one."""

    chat_ids: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True)
class ChatMember:
    """One person in a chat; ``is_member``: of the company. ``scene``: 1 invited, 2 link, 3 code. ``state``: its channel.
    ``invited_by``: the member of the company who did, ``""`` for anybody else.
    """

    id: str
    is_member: bool
    name: str = ""
    unionid: str = ""
    joined_at: datetime | None = None
    scene: int = 0
    state: str = ""
    invited_by: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """A group chat. ``version``: of its members, to compare with an event's CurMemVer; it may be older than the event."""

    id: str
    name: str
    owner: str
    notice: str
    created_at: datetime | None
    members: tuple[ChatMember, ...]
    version: str


def chat_of(row: dict[str, Any]) -> Chat:
    return Chat(
        id=str(row["chat_id"]),
        name=str(row.get("name") or ""),
        owner=str(row.get("owner") or ""),
        notice=str(row.get("notice") or ""),
        created_at=moment(row.get("create_time")),
        members=tuple(_member(one) for one in row.get("member_list") or ()),
        version=str(row.get("member_version") or ""),
    )


def _member(row: dict[str, Any]) -> ChatMember:
    return ChatMember(
        id=str(row["userid"]),
        is_member=int(row["type"]) == MEMBER,
        name=str(row.get("name") or ""),
        unionid=str(row.get("unionid") or ""),
        joined_at=moment(row.get("join_time")),
        scene=int(row.get("join_scene") or 0),
        state=str(row.get("state") or ""),
        invited_by=str((row.get("invitor") or {}).get("userid") or ""),
    )


def welcome(content: Mapping[str, Any]) -> dict[str, Any]:
    """A group's welcome: a text (``%NICKNAME%`` stands for the new one), one attachment, or both.

    ``content`` as for customers, with one attachment at most. Raises ValueError for anything else.
    """
    is_text = content["type"] in ("text", "menu")
    attached = [*([] if is_text else [content]), *content.get("attachments", ())]
    if len(attached) > 1:
        raise ValueError("a group's welcome has one attachment at most")
    said: dict[str, Any] = {}
    if is_text and content["text"]:
        said["text"] = {"content": shorten(content["text"], WELCOME_BYTES)}
    for one in attached:
        kind, body = attachment(one)
        said[kind] = body
    if not said:
        raise ValueError("a welcome without text or attachment says nothing")
    return said
