"""Customer groups (客户群): the list, one group with its people, welcome templates.

Source: WeCom manual, pages 93414, 92707, 96357.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask

from . import parcels
from .calls import corp_endpoint, ids, page, text, whole
from .codes import refused
from .people import Chat, Seat

if TYPE_CHECKING:
    from .company import Company

TEMPLATES = 100
TEMPLATE_TEXT_BYTES = 3000
MANY_OWNERS = 1000


class Chats:
    """All groups by chat_id, and the welcome templates by their own id."""

    def __init__(self) -> None:
        self.all: dict[str, Chat] = {}
        self.templates: dict[str, dict[str, Any]] = {}

    def known(self, chat_id: object) -> Chat:
        """A group in a call: `Refused` 40050 where there is none (any more)."""
        chat = self.all.get(chat_id) if isinstance(chat_id, str) else None
        if chat is None or chat.dismissed:
            raise refused(40050)
        return chat

    def dump(self) -> dict[str, Any]:
        return {"all": [asdict(chat) for chat in self.all.values()], "templates": self.templates}

    def load(self, saved: dict[str, Any]) -> None:
        self.all = {}
        for chat in saved["all"]:
            seats = _seats(chat["seats"])
            earlier = None if chat["earlier"] is None else _seats(chat["earlier"])
            self.all[chat["chat_id"]] = Chat(**(chat | {"seats": seats, "earlier": earlier}))
        self.templates = dict(saved["templates"])


def _seats(saved: dict[str, Any]) -> dict[str, Seat]:
    return {key: Seat(**seat) for key, seat in saved.items()}


@corp_endpoint("POST", "externalcontact/groupchat/list")
def list_chats(company: "Company", ask: Ask) -> dict[str, Any]:
    """One page; 81017 without an owner filter where more than 1,000 members are visible."""
    if whole(ask.body, "limit") < 1:
        raise refused(40058)
    owner_filter = ask.body.get("owner_filter")
    owners = ids(owner_filter, "userid_list", most=100) if isinstance(owner_filter, dict) else []
    if not owners and sum(member.visible for member in company.members.values()) > MANY_OWNERS:
        raise refused(81017)
    for userid in owners:
        company.seen_member(userid)
    found = [chat for chat in company.chats.all.values() if not chat.dismissed and (not owners or chat.owner in owners)]
    rows, cursor = page(ask, found, usual=1000, most=1000)
    return {"group_chat_list": [{"chat_id": chat.chat_id, "status": 0} for chat in rows], "next_cursor": cursor}


@corp_endpoint("POST", "externalcontact/groupchat/get")
def show_chat(company: "Company", ask: Ask) -> dict[str, Any]:
    chat = company.chats.known(text(ask.body, "chat_id"))
    named = whole(ask.body, "need_name", 0) == 1
    stale = "stale_chat" in ask.twists and chat.earlier is not None
    seats = chat.earlier if stale and chat.earlier is not None else chat.seats
    shown: dict[str, Any] = {"chat_id": chat.chat_id, "name": chat.name, "owner": chat.owner}
    shown |= {"create_time": int(chat.created_at), "notice": chat.notice}
    shown["member_list"] = [_seat(company, seat, named=named) for seat in seats.values()]
    shown["admin_list"] = [{"userid": userid} for userid in chat.admins]
    shown["member_version"] = f"v{chat.version - 1}" if stale else chat.member_version
    return {"group_chat": shown}


def _seat(company: "Company", seat: Seat, *, named: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"userid": seat.id, "type": seat.kind, "join_time": int(seat.joined_at)}
    shown |= {"join_scene": seat.scene, "group_nickname": ""}
    if seat.invitor:
        shown["invitor"] = {"userid": seat.invitor}
    if seat.state:
        shown["state"] = seat.state
    contact = company.contacts.get(seat.id)
    if contact is not None and contact.unionid and contact.kind == 1:
        shown["unionid"] = contact.unionid
    if named:
        holder = company.holder(seat.id)
        shown["name"] = "" if holder is None else holder.name
    return shown


@corp_endpoint("POST", "externalcontact/group_welcome_template/add")
def add_template(company: "Company", ask: Ask) -> dict[str, Any]:
    """`Refused` 41055 above 100 templates; with `notify` (the default) every member is told."""
    template = _template(company, ask)
    if len(company.chats.templates) >= TEMPLATES:
        raise refused(41055)
    template_id = f"gwt{company.platform.next_number()}"
    company.chats.templates[template_id] = template
    return {"template_id": template_id}


@corp_endpoint("POST", "externalcontact/group_welcome_template/edit")
def edit_template(company: "Company", ask: Ask) -> dict[str, Any]:
    template_id = _own_template(company, ask)
    company.chats.templates[template_id] = _template(company, ask)
    return {}


@corp_endpoint("POST", "externalcontact/group_welcome_template/get")
def show_template(company: "Company", ask: Ask) -> dict[str, Any]:
    return dict(company.chats.templates[_own_template(company, ask)])


@corp_endpoint("POST", "externalcontact/group_welcome_template/del")
def delete_template(company: "Company", ask: Ask) -> dict[str, Any]:
    del company.chats.templates[_own_template(company, ask)]
    return {}


def _own_template(company: "Company", ask: Ask) -> str:
    template_id = text(ask.body, "template_id")
    if template_id not in company.chats.templates:
        raise refused(41058)
    return template_id


def _template(company: "Company", ask: Ask) -> dict[str, Any]:
    """Text, and of the other kinds the first that is there: image, link, miniprogram, file, video."""
    branch = ask.body.get("text")
    words = text(branch, "content", size=TEMPLATE_TEXT_BYTES, needed=False) if isinstance(branch, dict) else ""
    template: dict[str, Any] = {"text": {"content": words}} if words else {}
    for kind in ("image", "link", "miniprogram", "file", "video"):
        if isinstance(ask.body.get(kind), dict):
            attachment = {"msgtype": kind, kind: ask.body[kind]}
            parcels.attachment_parcel(company, attachment, ask.now)
            template[kind] = ask.body[kind]
            break
    if not template:
        raise refused(40058)
    return template
