"""What people do in customer groups, and in the admin console with tags; each is told to the shop.

Source: WeCom manual, page 92130: JoinScene 0 invited, 3 by QR; QuitScene 0 left, 1 removed.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox.acts import NotPossible
from bot.sandbox.callbacks import Outcome
from bot.sandbox.phones import system_line

from . import events, tags
from .people import Chat, Contact, Member, Seat

if TYPE_CHECKING:
    from .company import Company
    from .ways import JoinWay

CHAT, TAG = "change_external_chat", "change_external_tag"
INVITED, BY_LINK, BY_QR = 1, 2, 3


def create(
    company: "Company", owner: Member, name: str, people: list[str], *, quiet: bool = False, since: float | None = None
) -> tuple[Chat, Outcome | None]:
    """A new group of the owner and the named members and contacts; `quiet` where it is from before."""
    now = company.platform.clock.now() if since is None else since
    chat = Chat("wr" + company.chance.letters(30, "chat", len(company.chats.all) + 1), name, owner.userid, now)
    chat.seats[owner.userid] = Seat(owner.userid, 1, now)
    for person in people:
        chat.seats[person] = Seat(person, _kind(company, person), now, invitor=owner.userid)
    company.chats.all[chat.chat_id] = chat
    company.changed("chat", chat)
    if quiet:
        return chat, None
    return chat, events.change(company, CHAT, "create", chat.chat_id, {"ChatId": chat.chat_id})


def join(
    company: "Company", chat: Chat, person: str, *, scene: int = BY_QR, state: str = "", invitor: str = ""
) -> Outcome:
    """`scene` 1 invited (by the owner where nobody else is named), 2 by link, 3 by QR."""
    _must_stand(chat)
    if person in chat.seats:
        raise NotPossible(f"{_name(company, person)}已经在群里了")
    inviter = (invitor or chat.owner) if scene == INVITED else ""
    seat = Seat(person, _kind(company, person), company.platform.clock.now(), scene, state, inviter)
    return _people_change(company, chat, "add_member", {"JoinScene": 0 if scene == INVITED else 3}, joining=seat)


def scan(company: "Company", contact: Contact, way: "JoinWay") -> tuple[Chat, Outcome]:
    """Into the first group of a join way with room; where all are full a new one, if the way makes them."""
    most = company.limits.count("corp_chat_qr_people")
    for chat_id in [*way.chat_ids, *way.made]:
        chat = company.chats.all.get(chat_id)
        if chat is not None and not chat.dismissed and len(chat.seats) < most:
            return chat, join(company, chat, contact.external_userid, scene=BY_QR, state=way.state)
    if not way.auto_create_room:
        raise NotPossible("这个群活码的群都满了")
    old = company.chats.all[way.chat_ids[0]]
    name = f"{way.room_base_name or old.name}{way.room_base_id + len(way.made)}"
    chat, _outcome = create(company, company.members[old.owner], name, [])
    way.made.append(chat.chat_id)
    return chat, join(company, chat, contact.external_userid, scene=BY_QR, state=way.state)


def quit(company: "Company", chat: Chat, person: str, *, removed: bool = False) -> Outcome:
    _must_stand(chat)
    if person not in chat.seats:
        raise NotPossible(f"{_name(company, person)}不在群里")
    return _people_change(company, chat, "del_member", {"QuitScene": 1 if removed else 0}, leaving=person)


def dismiss(company: "Company", chat: Chat) -> Outcome:
    _must_stand(chat)
    chat.dismissed = True
    _tell_group(company, chat, "群聊已解散")
    company.changed("chat", chat)
    return events.change(company, CHAT, "dismiss", chat.chat_id, {"ChatId": chat.chat_id})


def alter(company: "Company", chat: Chat, *, name: str = "", notice: str = "", owner: Member | None = None) -> Outcome:
    """A new name, notice or owner, whichever is given first."""
    _must_stand(chat)
    if name:
        chat.name, detail = name, "change_name"
        _tell_group(company, chat, f"群名改为“{name}”")
    elif notice:
        chat.notice, detail = notice, "change_notice"
        _tell_group(company, chat, f"群公告：{notice}")
    elif owner is not None:
        chat.owner, detail = owner.userid, "change_owner"
        chat.seats.setdefault(owner.userid, Seat(owner.userid, 1, company.platform.clock.now()))
    else:
        raise NotPossible("群名、群公告、群主，总要改一样")
    company.changed("chat", chat)
    fields = {"ChatId": chat.chat_id, "UpdateDetail": detail}
    return events.change(company, CHAT, "update", chat.chat_id, fields)


def change_tag(
    company: "Company", doing: str, *, tag_id: str = "", name: str = "", group: str = ""
) -> tuple[str, Outcome]:
    """Somebody works on corp tags in the admin console: create (name in group), update, delete, shuffle.

    Returns the id of the tag or group.
    """
    now, kind = company.platform.clock.now(), "tag"
    if doing == "create":
        inside = company.tags.named(group) or company.tags.new_group(group, now, own=False)
        tag_id = company.tags.new_tag(inside, name, now, own=False).id
    elif doing in ("update", "delete"):
        found = company.tags.tag(tag_id)
        whole = company.tags.group(tag_id)
        if found is None and whole is None:
            raise NotPossible(f"没有 id 为 {tag_id} 的企业标签")
        kind = "tag" if found is not None else "tag_group"
        if doing == "update":
            subject: Any = found[1] if found is not None else whole
            subject.name = name
        else:
            tags.forget(company, {tag_id} if whole is None else {tag.id for tag in whole.tags})
    elif doing == "shuffle":
        company.tags.groups.reverse()
    else:
        raise NotPossible("企业标签只能 create、update、delete、shuffle")
    company.changed("tags", None)
    fields = {"TagType": kind} if doing != "shuffle" else {}
    fields = ({"Id": tag_id} if tag_id else {}) | fields
    return tag_id, events.change(company, TAG, doing, tag_id or "sys", fields)


def _people_change(
    company: "Company",
    chat: Chat,
    detail: str,
    scene: dict[str, int],
    *,
    joining: Seat | None = None,
    leaving: str = "",
) -> Outcome:
    before = chat.member_version
    chat.turn()
    if joining is not None:
        chat.seats[joining.id] = joining
    else:
        del chat.seats[leaving]
    company.changed("chat", chat)
    person = leaving if joining is None else joining.id
    _tell_group(company, chat, _line(company, person, detail, scene))
    fields: dict[str, Any] = {"ChatId": chat.chat_id, "UpdateDetail": detail} | scene
    fields |= {"MemChangeCnt": 1, "MemChangeList": {"Item": [person]}}
    fields |= {"LastMemVer": before, "CurMemVer": chat.member_version}
    return events.change(company, CHAT, "update", chat.chat_id, fields)


def _line(company: "Company", person: str, detail: str, scene: dict[str, int]) -> str:
    name = _name(company, person)
    if detail == "add_member":
        return f"{name}通过扫描二维码加入了群聊" if scene["JoinScene"] else f"{name}被邀请加入了群聊"
    return f"{name}被移出了群聊" if scene["QuitScene"] else f"{name}退出了群聊"


def _tell_group(company: "Company", chat: Chat, words: str) -> None:
    company.show(chat, system_line(words), via="menu", sender="company")


def _must_stand(chat: Chat) -> None:
    if chat.dismissed:
        raise NotPossible(f"{chat.name}已经解散了")


def _kind(company: "Company", person: str) -> int:
    if person in company.members:
        return 1
    if person in company.contacts:
        return 2
    raise NotPossible(f"没有 id 为 {person} 的店员或客户")


def _name(company: "Company", person: str) -> str:
    holder = company.holder(person)
    return person if holder is None else holder.name
