"""What members do with the app on their phones: write, tap cards, send, put off or stop group-send tasks.

Every function runs under the platform's lock; those that reach the shop return the chat line and the push's outcome.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.sandbox.acts import NotPossible
from bot.sandbox.callbacks import Outcome
from bot.sandbox.calls import Upload
from bot.sandbox.media import media_address, paint
from bot.sandbox.parcels import media_parcel, text_parcel
from bot.sandbox.phones import Message, Parcel, system_line
from bot.sandbox.wire import ORDINARY_KINDS, clean

from . import events
from .cards import Card, newest
from .people import Member
from .tasks import MEMBER_SENT, WAITING, Task, looks_different, send_to

if TYPE_CHECKING:
    from .company import Company

Done = tuple[Message, Outcome]


def say(company: "Company", member: Member, words: str) -> Done:
    spoken = clean(words)
    if not spoken.strip():
        raise NotPossible("要说的话是空的")
    return _send(company, member, text_parcel(spoken), {"MsgType": "text", "Content": spoken})


def send_image(company: "Company", member: Member, filename: str) -> Done:
    upload = Upload(filename or "photo.png", paint(company.platform.next_number()))
    medium = company.platform.media.keep(upload, "image", company.platform.clock.now())
    company.media.add(medium.media_id)
    parcel = media_parcel(company.platform, medium, "image", {"media_id": medium.media_id})
    address = media_address(company.platform.base_url, medium.media_id)
    return _send(company, member, parcel, {"MsgType": "image", "PicUrl": address, "MediaId": medium.media_id})


def send_voice(company: "Company", member: Member) -> Done:
    medium = company.platform.media.keep(
        Upload("voice.amr", b"#!AMR\n" + bytes(32)), "voice", company.platform.clock.now()
    )
    company.media.add(medium.media_id)
    parcel = media_parcel(company.platform, medium, "voice", {"media_id": medium.media_id})
    return _send(company, member, parcel, {"MsgType": "voice", "MediaId": medium.media_id, "Format": "amr"})


def send_location(company: "Company", member: Member, latitude: float, longitude: float, label: str) -> Done:
    fields = {"MsgType": "location", "Location_X": latitude, "Location_Y": longitude, "Scale": 16}
    fields |= {"Label": clean(label), "AppType": "wxwork"}
    payload = {"lat": latitude, "lon": longitude, "label": label}
    return _send(company, member, Parcel("text", f"[位置] {label}", payload, "location", payload), fields)


def raw(company: "Company", member: Member, fields: Mapping[str, Any]) -> Done:
    """Any message or event by its own fields: `enter_agent`, `click` with EventKey, `subscribe` …"""
    given = {"MsgType": "event", **fields}
    if given["MsgType"] in ORDINARY_KINDS:
        return _send(company, member, text_parcel(str(given.get("Content") or f"[{given['MsgType']}]")), given)
    parcel = Parcel("event", f"事件 {given.get('Event', '')}", {"event": dict(fields)}, "event", dict(fields))
    line = company.show(member, parcel, via="menu", sender="person")
    return line, events.of_member(company, member.userid, given)


def tap(company: "Company", member: Member, key: str, card_id: int | None = None) -> Done:
    """Press a button (by its key or its words) of a card, the newest one with buttons where none is named."""
    card = newest(company, member) if card_id is None else company.cards.at(card_id)
    if card is None or card.userid != member.userid:
        raise NotPossible(f"{member.name}的手机上没有能点的卡片")
    button = next((one for one in card.buttons if key in (one.get("key"), one["text"])), None)
    if button is None:
        raise NotPossible(f"卡片上没有“{key}”这个按钮，或者它已经处理过了")
    line = company.show(member, system_line(f"点击了“{button['text']}”"), via="menu", sender="person")
    return line, events.of_member(company, member.userid, _tap_event(company, card, str(button.get("key", ""))))


def _tap_event(company: "Company", card: Card, key: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"MsgType": "event", "Event": "template_card_event", "EventKey": key}
    fields |= {"TaskId": card.task_id, "CardType": card.card["card_type"]}
    fields["ResponseCode"] = company.cards.issue_code(card.task_id, company.platform.clock.now())
    return fields


def confirm(company: "Company", member: Member, task: Task, only: list[str] | None = None) -> None:
    """Send a task: to everybody who waits, or after choosing to these; the others are not asked again."""
    _must_wait(member, task)
    waiting = _waiting(task, member)
    send_to(company, task, member, [one for one in waiting if only is None or one in only], _now(company))
    task.members[member.userid] = [MEMBER_SENT, _now(company)]
    looks_different(company, task)


def send_part(company: "Company", member: Member, task: Task, count: int) -> None:
    """Sending breaks off after so many recipients; the member may go on with `confirm`."""
    _must_wait(member, task)
    send_to(company, task, member, _waiting(task, member)[:count], _now(company))


def ignore(company: "Company", member: Member, task: Task) -> None:
    """Put the task away without sending; it stays open for a later change of mind."""
    _must_wait(member, task)
    task.ignored.append(member.userid)
    looks_different(company, task)


def tasks_of(company: "Company", member: Member, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """A member's group-send tasks, newest first: those that wait, or all."""
    found = [task for task in reversed(company.tasks.all.values()) if member.userid in task.members]
    return [task_on_page(company, task, member) for task in found if all_of_them or task.open_for(member.userid)]


def task_on_page(company: "Company", task: Task, member: Member) -> dict[str, Any]:
    rows = task.results[member.userid]
    customers = []
    for recipient, (status, _at) in rows.items():
        holder = company.holder(recipient)
        customers.append({"id": recipient, "name": "" if holder is None else holder.name, "status": status})
    shown: dict[str, Any] = {"msgid": task.msgid, "chat_type": task.chat_type, "at": task.created}
    shown |= {"text": task.words, "attachments": task.body.get("attachments") or [], "customers": customers}
    shown |= {"status": task.members[member.userid][0], "cancelled": task.cancelled}
    return shown | {"ignored": member.userid in task.ignored, "reminded": len(task.reminded)}


def _send(company: "Company", member: Member, parcel: Parcel, fields: dict[str, Any]) -> Done:
    if not member.visible:
        raise NotPossible(f"{member.name}不在应用的可见范围里")
    line = company.show(member, parcel, via="say", sender="person")
    return line, events.of_member(company, member.userid, fields)


def _must_wait(member: Member, task: Task) -> None:
    if member.userid not in task.members:
        raise NotPossible(f"这个任务没有派给{member.name}")
    if not task.open_for(member.userid):
        raise NotPossible("这个任务已经发送或取消了")


def _waiting(task: Task, member: Member) -> list[str]:
    return [recipient for recipient, (status, _at) in task.results[member.userid].items() if status == WAITING]


def _now(company: "Company") -> float:
    return company.platform.clock.now()
