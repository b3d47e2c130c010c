"""What the platform tells of a company's contacts, the customers whom members have as friends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.platforms.wecom.pages import moment

MEMBERS = "/cgi-bin/externalcontact/get_follow_user_list"
IDS = "/cgi-bin/externalcontact/list"
ONE = "/cgi-bin/externalcontact/get"
MANY = "/cgi-bin/externalcontact/batch/get_by_user"
REMARK = "/cgi-bin/externalcontact/remark"

# Manual, pages 92994 and 96317.
MEMBERS_A_CALL, CONTACTS_A_PAGE = 100, 100
REMARK_CHARACTERS, DESCRIPTION_CHARACTERS = 20, 150

_KINDS = {"1": "wechat", "2": "wecom"}


@dataclass(frozen=True, slots=True)
class Friend:
    """One member's side of knowing a contact. It may be listed after the contact has left the member.

    ``since``: when they became friends. ``tag_ids``: of the company's tags this member has put on. ``state``: the channel
    of the code the contact came by. ``add_way``: the platform's number for how (1 code, 16 link, 202 assigned …).
    """

    member_id: str
    remark: str = ""
    description: str = ""
    since: datetime | None = None
    tag_ids: tuple[str, ...] = ()
    state: str = ""
    add_way: int = 0
    mobiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact. ``unionid``: empty unless the company has bound a developer id. ``kind``: ``wechat`` or ``wecom``."""

    person_id: str
    name: str
    unionid: str
    kind: str
    friends: tuple[Friend, ...]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts of some members, each with the one friend the row is about: a contact of two members comes twice.

    ``next``: the cursor of the following page, ``""`` on the last one. ``unlicensed``: members the platform left out for
    want of a licence.
    """

    contacts: tuple[Contact, ...]
    next: str
    unlicensed: tuple[str, ...] = ()


def contact_of(person: dict[str, Any], friends: list[dict[str, Any]]) -> Contact:
    """Raises KeyError, TypeError or ValueError for a row that cannot be understood."""
    return Contact(
        person_id=str(person["external_userid"]),
        name=str(person.get("name") or ""),
        unionid=str(person.get("unionid") or ""),
        kind=_KINDS.get(str(person.get("type")), ""),
        friends=tuple(_friend(row) for row in friends),
    )


def page_of(body: dict[str, Any], following: str) -> ContactPage:
    rows = body.get("external_contact_list") or ()
    unlicensed = (body.get("fail_info") or {}).get("unlicensed_userid_list") or ()
    contacts = tuple(contact_of(row["external_contact"], [row["follow_info"]]) for row in rows)
    return ContactPage(contacts, following, tuple(map(str, unlicensed)))


def _friend(row: dict[str, Any]) -> Friend:
    tags = row.get("tag_id") or [tag["tag_id"] for tag in row.get("tags") or () if tag.get("tag_id")]
    return Friend(
        member_id=str(row["userid"]),
        remark=str(row.get("remark") or ""),
        description=str(row.get("description") or ""),
        since=moment(row.get("createtime")),
        tag_ids=tuple(map(str, tags)),
        state=str(row.get("state") or ""),
        add_way=int(row.get("add_way") or 0),
        mobiles=tuple(str(mobile) for mobile in row.get("remark_mobiles") or () if mobile),
    )
