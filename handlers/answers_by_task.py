"""回 to a customer whom no program may write to: the words to copy, or a task that a friend of theirs confirms."""

from __future__ import annotations

from typing import Any

from bot.delivery import limits, outbox
from bot.domain.customers import friends
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Identity
from bot.domain.customers.rules import shown
from bot.domain.journeys import words_by_hand
from bot.domain.merchants import notices
from bot.errors import Refusal
from bot.platforms.abilities import abilities
from handlers.talk import StaffTalk, on

BY_HAND_WORD = "文案"


def offered(talk: StaffTalk, customer: Customer, text: str) -> str:
    """The answer where only a friend on the staff reaches the customer, empty where the platform lets us write.

    ``text``: what staff want to say, empty where they have not said it yet.
    """
    reach = _only_by_friend(talk, customer)
    if reach is None:
        return ""
    identity, members = reach
    if not text:
        raise Refusal(f"要对 {shown(customer)} 说什么，写在后面，例如：回 #{customer.id} 您好，到货了")
    if text.strip() == BY_HAND_WORD:
        found = words_by_hand(talk.tx, customer.id, identity.account, identity.person_id)
        if found is None:
            raise Refusal(f"没有等着发给 {shown(customer)} 的文案。要回话：回 #{customer.id} 您好")
        text = found.text
    called = friends.members_of(talk.tx, identity.account)
    mine = talk.message.account == identity.account and talk.message.sender in members
    sender = talk.message.sender if mine else members[0]
    who = "您" if mine else f" TA 的好友 {called.get(sender, sender)} "
    said = (
        f"还没有发：企业微信里只能由好友亲手发给 {shown(customer)}。请{who}复制这一段发给 TA：\n{text}\n"
        f"或者做成一条待发的任务，{'您' if mine else called.get(sender, sender)}在企业微信里点一下就发出。"
    )
    payload = {"customer": customer.id, "account": identity.account, "member": sender, "text": text}
    return talk.confirm("answer.task", payload, said)


@on.confirmed("answer.task")
def answer_by_task(talk: StaffTalk, payload: dict[str, Any]) -> str:
    customer = customers.get(talk.tx, int(payload["customer"]))
    reach = _only_by_friend(talk, customer)
    if reach is None or reach[0].account != payload["account"]:
        raise Refusal(f"{shown(customer)} 已经不是好友了，没有发。")
    identity = reach[0]
    delivery_id = outbox.queue(
        talk.tx,
        account=identity.account,
        person_id=identity.person_id,
        payload={"type": "text", "text": payload["text"]},
        purpose="service",
        customer_id=customer.id,
        sender=str(payload["member"]),
        key=f"answer:{talk.message.account}:{talk.message.key}:{customer.id}",
    )
    notices.watch(talk.tx, talk.staff.id, delivery_id, kind="words", subject="answer:0")
    talk.label(f"给 {shown(customer)} 的任务")
    talk.final("任务已经交给企业微信。不想发，就别点发送。")
    sender = friends.members_of(talk.tx, identity.account).get(payload["member"], payload["member"])
    return f"任务排好了：请 {sender} 在企业微信里点发送，{shown(customer)} 才会收到。没发成会告诉您。"


def _only_by_friend(talk: StaffTalk, customer: Customer) -> tuple[Identity, list[str]] | None:
    """The address that only friends reach, and who they are; None where there is none, or a window is open elsewhere."""
    found = None
    for identity in customers.identities(talk.tx, [customer.id]):
        account = talk.shop.account(identity.account)
        if account is None or identity.relation != "active":
            continue
        can = abilities(account)
        if can.hears_customers:
            if limits.spans(talk.tx, account.name, [identity.person_id], talk.tx.now):
                return None
        elif can.contacts and found is None:
            members = friends.confirmers(talk.tx, account.name, [identity.person_id]).get(identity.person_id)
            found = (identity, members) if members else None
    return found
