"""What happens between customers and staff members at the platform: they become friends, part, are renamed there."""

from __future__ import annotations

from datetime import timedelta

from bot.delivery import outbox
from bot.domain import contacts
from bot.domain.customers import channels, contact_marks, friends, timeline
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Friendship
from bot.domain.customers.rules import shown
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.scripts import welcomes
from handlers.talk import Talk, on

# So long the platform takes a welcome after the event (vendor manual, page 92137); a try that is too late costs nothing.
WELCOMED_WITHIN = timedelta(seconds=20)
_NOT_PASSED_ON = {"customer_refused": "顾客不愿意换人", "customer_limit": "那边的客户已经满了"}
ON_ITS_WAY = ("planned", "claimed", "sent", "unknown")


@on.event("contact_added", "contact_half_added")
def added(talk: Talk) -> str:
    """Meets the customer, tells staff where that is news, and sends the welcome on its way while it is taken."""
    tx, message = talk.tx, talk.message
    account, person_id, member_id = message.account, message.sender, _member(talk)
    met = customers.meet(tx, account, person_id)
    had_friends = friends.is_friend(tx, account, person_id)
    friendship, is_news = friends.added(
        tx, account, member_id, person_id, channel=message.event_key, at=message.created_at
    )
    customer = tx.session.get_one(Customer, met.customer_id)
    state, at = message.event_key, message.created_at
    channels.joined(tx, account, state, customer, person_id=person_id, member_id=member_id, at=at)
    if is_news:
        timeline.add(tx, customer.id, "follow", f"加了 {_called(talk)} 的企业微信")
        customers.seen(tx, customer.id, acknowledged=False)
        words = contacts.came_words(customer, _called(talk), is_new=met.is_new, again=had_friends)
        # Who came first is news of another kind than whose friend they are by now.
        kind, subject = ("friend", "friend") if had_friends else ("new_customer", "new")
        notices.tell_all(tx, words, kind=kind, subject=f"{subject}:{customer.id}")
    if friendship.relation == "active":
        _welcome(talk, customer, friendship, state, is_new=met.is_new or had_friends)
    return ""


@on.event("contact_audit_approved")
def audit_approved(talk: Talk) -> str:
    """The customer lets their talk be archived, which we do not do; of a new friend the welcome may have waited for it."""
    message = talk.message
    friendship = friends.between(talk.tx, message.account, _member(talk), message.sender)
    identity = customers.identity(talk.tx, message.account, message.sender)
    if friendship is None or identity is None or friendship.relation != "active" or friendship.since is None:
        return ""
    if message.created_at - friendship.since < contacts.NEW_FOR:
        customer = talk.tx.session.get_one(Customer, identity.customer_id)
        is_new = customer.created_at > talk.tx.now - contacts.NEW_FOR
        _welcome(talk, customer, friendship, friendship.channel, is_new=is_new)
    return ""


def _welcome(talk: Talk, customer: Customer, friendship: Friendship, state: str, *, is_new: bool) -> None:
    """One for each code, and one for each friendship: the half of it may bring a code, and the whole another."""
    tx, message = talk.tx, talk.message
    code = str(message.fields.get("WelcomeCode") or "")
    until = message.created_at + WELCOMED_WITHIN
    if not code or until <= tx.now:
        return
    earlier = f"welcome:{friendship.welcome_code}"
    if friendship.welcome_code and outbox.outcomes(tx, [earlier]).get(earlier, ("",))[0] in ON_ITS_WAY:
        return
    friendship.welcome_code = code
    words = welcomes.welcome_for(tx, talk.shop, message.account, state, customer, is_new=is_new, contact=True)
    outbox.queue(
        tx,
        account=message.account,
        person_id=message.sender,
        payload={"type": "text", "text": words, "welcome_code": code},
        purpose="service",
        customer_id=customer.id,
        not_after=until,
        key=f"welcome:{code}",
        route="welcome",
    )


@on.event("contact_left")
def left(talk: Talk) -> str:
    """The customer has ended it: staff hear of it, and nothing more goes there with the last friend."""
    message = talk.message
    if not contacts.parted(talk.tx, message.account, _member(talk), message.sender, at=message.created_at):
        return ""
    identity = customers.identity(talk.tx, message.account, message.sender)
    if identity is None:
        return ""
    customer = talk.tx.session.get_one(Customer, identity.customer_id)
    others = friends.senders(talk.tx, message.account, [message.sender]).get(message.sender, [])
    called = friends.members_of(talk.tx, message.account)
    names = "、".join(called.get(other, other) for other in others)
    rest = f"TA 还是 {names} 的好友。" if others else "企业微信发不到 TA 了，档案都在。"
    words = f"{shown(customer)} 删了 {_called(talk)} 的好友。{rest}"
    notices.tell_all(talk.tx, words, kind="left", subject=f"left:{customer.id}")
    return ""


@on.event("contact_removed")
def removed(talk: Talk) -> str:
    """A staff member has ended it, and needs not be told; or a colleague has taken over, of whom another event tells."""
    tx, message = talk.tx, talk.message
    passed_on = str(message.fields.get("Source") or "").upper() == "DELETE_BY_TRANSFER"
    member_id, at = _member(talk), message.created_at
    if contacts.parted(tx, message.account, member_id, message.sender, at=at, passed_on=passed_on):
        contact_marks.nothing_more(tx, message.account, _member(talk), message.sender)
        # The tags go with the friendship there, and stay here: other friends are to have them.
        contact_marks.later(tx, message.account, [message.sender], at=tx.now)
    return ""


@on.event("contact_edited")
def edited(talk: Talk) -> str:
    """The event does not tell what was edited: a worker asks the platform."""
    message = talk.message
    friends.edited(talk.tx, message.account, _member(talk), message.sender, at=message.created_at)
    return ""


@on.event("contact_transfer_failed")
def transfer_failed(talk: Talk) -> str:
    """A colleague was to take over the customer, and does not: whose friends they are stays as it was."""
    identity = customers.identity(talk.tx, talk.message.account, talk.message.sender)
    if identity is None:
        return ""
    customer = talk.tx.session.get_one(Customer, identity.customer_id)
    reason = str(talk.message.fields.get("FailReason") or "").lower()
    why = next((words for start, words in _NOT_PASSED_ON.items() if reason.startswith(start)), "平台没说原因")
    words = f"{shown(customer)} 没有转给 {_called(talk)}：{why}。TA 原来的好友还在，可以换一位同事再分配。"
    for owner in merchants.owners(talk.tx):
        notices.tell(talk.tx, owner.id, words, kind="transfer", subject=f"transfer:{customer.id}")
    return ""


def _member(talk: Talk) -> str:
    return str(talk.message.fields.get("UserID") or "")


def _called(talk: Talk) -> str:
    return friends.members_of(talk.tx, talk.message.account).get(_member(talk), _member(talk))
