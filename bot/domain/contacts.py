"""Customers who are friends of staff members, told across rooms: what the platform says of them, who is one with whom,
and what ends with the last friend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.delivery import outbox
from bot.domain import journeys
from bot.domain.customers import forgetting, friends, timeline
from bot.domain.customers import service as customers
from bot.domain.customers.friends import ContactFacts, Seen
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import known_name, shown
from bot.domain.merchants import changes, notices
from bot.domain.merchants import service as merchants
from bot.errors import Refusal
from bot.store.transaction import Tx

NO_FRIEND = "已不是好友"
TOLD_EACH = 3
NEW_FOR = timedelta(hours=1)  # somebody whose news still waits to be told


def parted(tx: Tx, account: str, member_id: str, person_id: str, *, at: datetime, passed_on: bool = False) -> bool:
    """A staff member and a customer are friends no more, by news of it or by the platform's refusal; see `friends.parted`.

    With the last friend goes all that still waits for the customer on this account, unless they are ``passed_on`` to
    another, who sends it. False where that was known, or where they are friends again.
    """
    if not friends.parted(tx, account, member_id, person_id, at):
        return False
    identity = customers.identity(tx, account, person_id)
    if identity is not None:
        member = friends.members_of(tx, account).get(member_id, member_id)
        timeline.add(tx, identity.customer_id, "unfollow", f"和 {member} 不再是好友")
        if not passed_on and not friends.is_friend(tx, account, person_id):
            outbox.cancel_for_customer(tx, identity.customer_id, NO_FRIEND, account=account)
    return True


def seen(tx: Tx, account: str, contacts: Sequence[ContactFacts], *, as_of: datetime, quietly: bool) -> list[Seen]:
    """Keeps what the platform told of contacts at ``as_of``, and makes one of two files that it says are of one person.

    ``quietly``: staff hear nothing of it, as of an import. See `friends.seen`.
    """
    found = friends.seen(tx, account, contacts, as_of=as_of)
    for one in found:
        if one.phone_of is not None and one.twin is None and not quietly:
            _say_whose_phone(tx, one.customer_id, one.phone_of)
        if one.twin is not None:
            _merge_by_itself(tx, one.customer_id, one.twin, quietly=quietly)
        elif not quietly and not one.is_new:
            _say_who_came(tx, account, one.person_id, one.customer_id)
    return found


def _say_whose_phone(tx: Tx, number: int, owner: int) -> None:
    """Once: the phone is told with every other change as well, and the two may well share it."""
    if timeline.add_once(tx, number, "phone", f"企业微信里记的电话是 #{owner} 的"):
        who, other = (customers.get(tx, one) for one in (number, owner))
        words = f"企业微信里给 {shown(who)} 记的电话是 {shown(other)} 的。同一位就发：合并 #{other.id} #{who.id}"
        notices.tell_all(tx, words, kind="phone", subject=f"phone:{who.id}")


def _say_who_came(tx: Tx, account: str, person_id: str, number: int) -> None:
    """Whoever waits to be told of a newcomer hears the name as well, which no event tells."""
    members = friends.senders(tx, account, [person_id]).get(person_id, [])
    if len(members) == 1:
        member = friends.members_of(tx, account).get(members[0], members[0])
        customer = customers.get(tx, number)
        is_new = customer.created_at > tx.now - NEW_FOR
        notices.reword(tx, f"new:{number}", came_words(customer, member, is_new=is_new))


def came_words(customer: Customer, member: str, *, is_new: bool, again: bool = False) -> str:
    """What staff read of somebody who has become a friend of one of them; ``again``: is one of another already."""
    who = shown(customer) if again else f"{'新顾客 ' if is_new else '老顾客回来了：'}{shown(customer)}"
    hint = f"看档案：查 #{customer.id}" if known_name(customer) else f"取个名字：改名 #{customer.id} 李姐"
    return f"{who} {'又' if again else ''}加了 {member} 的企业微信。\n{hint}"


def _merge_by_itself(tx: Tx, number: int, twin: int, *, quietly: bool) -> None:
    """Where somebody works here, it is kept how to take it back."""
    kept, gone = (tx.session.get(Customer, one) for one in sorted((number, twin)))
    # One of them may have become another's a moment ago.
    if kept is None or gone is None or forgetting.GONE in (kept.name, gone.name):
        return
    before, left = shown(gone), gone.id
    staff = next(iter(merchants.owners(tx) or merchants.active_staff(tx)), None)
    if staff is None:
        journeys.become_one(tx, kept, gone, staff_id=None)
        return
    with tx.journaled() as journal:
        merged = journeys.become_one(tx, kept, gone, staff_id=None)
    changes.keep(
        tx,
        staff_id=staff.id,
        label=f"自动合并 {before} 到 {shown(kept)}",
        entries=journal.entries,
        final="合并空出的活动名额已经给了候补。" if merged.moved_up else None,
        message_key=f"{changes.BY_ITSELF}merge:{kept.id}",
    )
    notices.reword(tx, f"new:{left}", f"{before} 是 {shown(kept)}，不是新顾客。")
    if not quietly:
        told = f"{before} 和 {shown(kept)} 是同一个微信号，合并成一位了：{shown(kept)}。\n弄错了就发：拆开 #{kept.id}"
        notices.tell_all(tx, told, kind="merged", subject=f"merged:{kept.id}")


def merge_alike(tx: Tx, count: int, unionids: Sequence[str] = ()) -> int:
    """Makes one of each two files with the same unionid, up to ``count``; ``unionids``: only of these. Returns how many.

    A few are told each, many as a number: then two lists of people have just been taken in.
    """
    pairs = friends.alike(tx, count, unionids)
    for one, other in pairs:
        _merge_by_itself(tx, one, other, quietly=len(pairs) > TOLD_EACH)
    if len(pairs) > TOLD_EACH:
        told = f"有 {len(pairs)} 对档案是同一个微信号，自动合并了。看是谁：查名字。弄错了就发：拆开 名字"
        notices.tell_all(tx, told, kind="merged", subject="merged")
    return len(pairs)


def take_apart(tx: Tx, customer: Customer) -> tuple[str, str]:
    """Makes two of what was put together by itself; returns both as they are shown. Raises Refusal.

    The address that had come last is not put with the other one again.
    """
    change = changes.done_by_itself(tx, f"merge:{customer.id}")
    if change is None:
        raise Refusal(f"{shown(customer)} 没有自动合并过。自己合并的，发送“撤销”退回。")
    gone = {entry["key"]["id"] for entry in change.entries if entry["table"] == "customers" and entry["after"] is None}
    changes.undo_by_itself(tx, change)
    back = tx.session.get_one(Customer, min(gone))
    customers.set_apart(tx, back.id)
    kept = customers.get(tx, customer.id)
    timeline.add(tx, kept.id, "undo", f"撤销：{change.label}")
    timeline.add(tx, back.id, "undo", f"撤销：{change.label}")
    return shown(kept), shown(back)
