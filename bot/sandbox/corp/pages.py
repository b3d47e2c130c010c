"""The company as the phone page and tests see it: everything as JSON-able objects."""

from typing import TYPE_CHECKING, Any

from bot.sandbox.phones import Holder, Message

from . import desk, ways
from .people import Chat, Contact, Friend, Member
from .robots import Robot
from .tasks import Task

if TYPE_CHECKING:
    from .company import Company

Json = dict[str, Any]
SCENES = {1: "邀请", 2: "链接", 3: "扫码"}


def company_on_page(company: "Company") -> Json:
    account = {name: company.account[name] for name in ("name", "corp_id", "agent_id", "callback_url", "receive_rule")}
    shown: Json = {"account": account, "members": [member_on_page(company, one) for one in company.members.values()]}
    shown["contacts"] = [contact_on_page(company, contact) for contact in company.contacts.values()]
    shown["chats"] = [chat_on_page(company, chat) for chat in company.chats.all.values()]
    shown["robots"] = [robot_on_page(robot) for robot in company.robots.values()]
    return shown | {"ways": ways_on_page(company), "tags": tags_on_page(company)}


def member_on_page(company: "Company", member: Member) -> Json:
    shown: Json = {"id": member.userid, "kind": "member"} | _holder(member, member.name, member.color)
    shown |= {"visible": member.visible, "activated": member.activated, "serves": member.serves}
    shown |= {"customers": len(company.customers_of(member.userid)), "console_welcome": member.console_welcome}
    return shown | {"waiting": sum(task.open_for(member.userid) for task in company.tasks.all.values())}


def contact_on_page(company: "Company", contact: Contact) -> Json:
    shown: Json = {"id": contact.external_userid, "kind": "contact"} | _holder(contact, contact.name, contact.color)
    known = [friends.get(contact.external_userid) for friends in company.friends.values()]
    shown["friends"] = [_friend(company, friend) for friend in known if friend is not None]
    shown["unionid"] = contact.unionid
    chats = [chat for chat in company.chats.all.values() if contact.external_userid in chat.seats]
    return shown | {"chats": [{"id": chat.chat_id, "name": chat.name} for chat in chats if not chat.dismissed]}


def chat_on_page(company: "Company", chat: Chat) -> Json:
    shown: Json = {"id": chat.chat_id, "kind": "chat"} | _holder(chat, chat.name, "#6b7a8f")
    owner = company.members.get(chat.owner)
    shown |= {"owner": chat.owner, "owner_name": "" if owner is None else owner.name, "notice": chat.notice}
    shown |= {"dismissed": chat.dismissed, "version": chat.member_version}
    shown["members"] = [_seat(company, seat.id, seat.kind, seat.scene, seat.state) for seat in chat.seats.values()]
    return shown


def robot_on_page(robot: Robot) -> Json:
    return {"id": robot.openid, "kind": "robot"} | _holder(robot, robot.name, "#5c6bc0")


def ways_on_page(company: "Company") -> list[Json]:
    """The codes one can scan now."""
    contact = [
        {"id": way.config_id, "kind": "contact", "state": way.state, "remark": way.remark}
        | {"name": "、".join(company.members[userid].name for userid in way.users), "scans": way.scans}
        for way in company.ways.contact.values()
    ]
    join = [
        {"id": way.config_id, "kind": "join", "state": way.state, "remark": way.remark}
        | {"name": "、".join(company.chats.all[one].name for one in way.chat_ids), "scans": 0}
        for way in company.ways.join.values()
    ]
    return [{**way, "qr": ways.address_of(company, str(way["id"]))} for way in [*contact, *join]]


def tags_on_page(company: "Company") -> list[Json]:
    return [
        {"id": group.id, "name": group.name, "tags": [{"id": tag.id, "name": tag.name} for tag in group.tags]}
        for group in company.tags.groups
    ]


def message_on_page(company: "Company", message: Message) -> Json:
    """A message with what has become of it since: a card as it stands now, a text that was taken back."""
    shown = message.on_page()
    if message.id in company.recalled:
        shown = shown | {"type": "system", "text": "消息已被撤回", "payload": {}}
    elif message.type == "card":
        card = company.cards.at(message.id)
        shown["payload"] = message.payload if card is None else card.on_page()
    elif message.type == "task":
        shown["payload"] = _task(company, message)
    elif "by" in message.payload:
        member = company.members.get(message.payload["by"])
        shown["payload"] = message.payload | {"by_name": "" if member is None else member.name}
    return shown


def picture(company: "Company", kind: str, subject: Any) -> Json:
    """What a listener of the stream is told."""
    if kind == "corp_message":
        holder = company.holder(subject.openid)
        shown: Json = {"id": subject.openid, "message": message_on_page(company, subject)}
        return shown | {"holder": {} if holder is None else holder_on_page(company, holder)}
    if kind == "corp_again":
        return _again(company, subject)
    if kind == "corp_tags":
        return {"tags": tags_on_page(company)}
    if kind == "corp_ways":
        return {"ways": ways_on_page(company)}
    return holder_on_page(company, subject)


def _again(company: "Company", subject: object) -> Json:
    """Messages that look different now: one by its id, or all that show a task to its members."""
    if isinstance(subject, Task):
        shown = [
            message
            for userid in subject.members
            for message in company.phones.chat(userid, 0)
            if message.type == "task" and message.payload["msgid"] == subject.msgid
        ]
    else:
        shown = [company.phones.at(int(str(subject)))]
    return {"messages": [{"id": one.openid, "message": message_on_page(company, one)} for one in shown]}


def holder_on_page(company: "Company", holder: Holder) -> Json:
    if isinstance(holder, Member):
        return member_on_page(company, holder)
    if isinstance(holder, Contact):
        return contact_on_page(company, holder)
    if isinstance(holder, Chat):
        return chat_on_page(company, holder)
    assert isinstance(holder, Robot)
    return robot_on_page(holder)


def cards_of(company: "Company", member: Member) -> list[Json]:
    return [card.on_page() for card in company.cards.of(member.userid)]


def _holder(holder: Holder, name: str, color: str) -> Json:
    last = None if holder.last_text is None else {"text": holder.last_text, "at": holder.last_at}
    shown: Json = {"name": name, "avatar": {"text": name[:1], "color": color}}
    return shown | {"unread": holder.unread, "last": last}


def _friend(company: "Company", friend: Friend) -> Json:
    shown: Json = {"userid": friend.userid, "name": company.members[friend.userid].name, "relation": friend.relation}
    tags = [found[1].name for tag_id in friend.tags if (found := company.tags.tag(tag_id)) is not None]
    shown |= {"remark": friend.remark, "description": friend.description, "tags": tags, "state": friend.state}
    return shown | {"since": friend.since, "mobiles": list(friend.mobiles)}


def _seat(company: "Company", key: str, kind: int, scene: int, state: str) -> Json:
    holder = company.holder(key)
    shown: Json = {"id": key, "name": "" if holder is None else holder.name, "kind": kind}
    return shown | {"scene": SCENES.get(scene, ""), "state": state}


def _task(company: "Company", message: Message) -> Json:
    task = company.tasks.all.get(message.payload["msgid"])
    member = company.members.get(message.openid)
    return message.payload if task is None or member is None else desk.task_on_page(company, task, member)
