"""Letters: the one way in which care says something to one customer by itself, and keeps what became of it.

Nobody gets two on one day, from whatever reason and whatever broadcast: the customer's row is locked while it is looked
at, whoever plans a broadcast locks it as well, and the call mark looks once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from bot.delivery import limits, outbox
from bot.delivery.outbox import Delivery
from bot.delivery.rules import CUSTOM_WINDOW_CLOSED, NOT_A_FRIEND, day_start, has_tasks, month_start, why_no_address
from bot.domain.care import letter_rules
from bot.domain.care.letter_rules import Known, Purpose, Verdict
from bot.domain.care.models import Letter
from bot.domain.complaints.models import Case
from bot.domain.customers import forgetting
from bot.domain.customers.models import Customer, Identity, Utterance
from bot.domain.customers.rules import COMPLAINING, still_refuses
from bot.domain.scripts.checker import fits_template
from bot.settings import Settings
from bot.store.base import from_milliseconds, to_milliseconds
from bot.store.transaction import Tx

MERGED = "和别的资料合并了"
# Of these the day is taken; what is over may have been said.
_SPEAKS = ("queued", "by_hand", "over")
_OPEN = ("queued", "by_hand", "later")
CLOSED_AT_ONCE = 500


def send(
    tx: Tx,
    shop: Settings,
    customer: Customer,
    *,
    occasion: str,
    key: str,
    purpose: Purpose,
    text: str,
    staff_id: int | None,
    until: datetime,
) -> Letter:
    """Says ``text`` to a customer, or keeps why not; ``key`` is written once, a second call returns what there is.

    ``queued``: on its way; ``by_hand``: stands in 今日 until ``until``, for staff to copy; ``later``: ask again, from
    ``again_at`` on; ``skipped``: never, with the reason. ``occasion`` in words (生日). Locks the customer: one letter a
    transaction, before any delivery is touched.
    """
    locked = lock(tx, customer.id)
    letter = _find(tx, key)
    if letter is not None and (letter.state != "later" or not _is_due(letter, tx.now)):
        return letter
    if letter is None:
        letter = _new(tx, customer.id, occasion, key, purpose, staff_id, until)
    if locked is None:
        # The row is gone; there is nobody to keep a letter with.
        letter.state, letter.reason = "skipped", MERGED
        return letter
    address = _address(tx, shop, locked)
    found = _verdict(tx, shop, locked, address, purpose, tx.now, until)
    if found.state != "may":
        before = f"（{letter.reason}）" if letter.reason and found.reason == letter_rules.TOO_LATE else ""
        letter.state, letter.reason, letter.again_at = found.state, f"{found.reason}{before}", found.again_at
        return _kept(tx, letter)
    why = _why_by_hand(tx, shop, address, purpose, text)
    letter.state, letter.reason, letter.again_at = "by_hand" if why else "queued", why, None
    letter.day = tx.now.astimezone(shop.timezone).date().isoformat()
    letter.delivery_id = outbox.letter(
        tx,
        account="" if address is None else address.account,
        person_id="" if address is None else address.person_id,
        text=text,
        purpose="marketing" if purpose == "marketing" else "care",
        customer_id=locked.id,
        occasion=occasion,
        key=key,
        until=until,
        by_hand=why,
    )
    return _kept(tx, letter)


def look(
    tx: Tx, shop: Settings, customer: Customer, *, purpose: Purpose, at: datetime, until: datetime
) -> tuple[Verdict, str]:
    """What would hold for a letter at ``at``, and why it would be sent by hand (empty: by the platform); only reads."""
    address = _address(tx, shop, customer)
    return _verdict(tx, shop, customer, address, purpose, at, until), _why_by_hand(tx, shop, address, purpose)


def skip(
    tx: Tx, customer: Customer, *, occasion: str, key: str, purpose: Purpose, reason: str, until: datetime
) -> Letter:
    """Keeps why nothing is said for ``key``, for a reason the caller knows (a fact is missing); in words.

    Locks the customer, as `send` does.
    """
    lock(tx, customer.id)
    letter = _find(tx, key)
    if letter is not None and letter.state != "later":
        return letter
    if letter is None:
        letter = _new(tx, customer.id, occasion, key, purpose, None, until)
    letter.state, letter.reason, letter.again_at = "skipped", reason, None
    return _kept(tx, letter)


def take_back(tx: Tx, key: str, reason: str) -> bool:
    """The reason for a letter is gone; False where it has been said, or is just being said."""
    letter = _find(tx, key)
    if letter is None or letter.state not in _OPEN:
        return letter is None or letter.state == "skipped"
    if letter.delivery_id is not None and not outbox.cancel(tx, letter.delivery_id, reason):
        return False
    letter.state, letter.reason, letter.day = "skipped", reason, None
    return True


def became(tx: Tx, letter: Letter) -> str:
    """What became of a letter: the state of its delivery, or its own where nothing was to go out."""
    if letter.delivery_id is None:
        return letter.state
    delivery = tx.session.get(Delivery, letter.delivery_id, populate_existing=True)
    return letter.state if delivery is None else delivery.state


def stopped_by(tx: Tx, customer: Customer) -> str:
    """Why nobody should begin anything with the customer now: a complaint, an open talk, or staff's word; or nothing."""
    if _complains(tx, customer.id):
        return COMPLAINING
    if _says(tx, customer.id, Utterance.waiting):
        return letter_rules.WAITS
    resting = customer.rest_until is not None and customer.rest_until > tx.now
    return letter_rules.RESTS if resting else ""


def says(tx: Tx, key: str) -> bool:
    """Whether the letter of this key says, or is to say, something."""
    letter = select(Letter.id).where(Letter.key == key, Letter.state.in_(_SPEAKS))
    return tx.execute(letter).first() is not None


def on_day(tx: Tx, customer_ids: Sequence[int], day: date) -> set[int]:
    """Who of these has a letter on the shop's day, or is to be sent one by hand."""
    theirs = select(Letter.customer_id).where(Letter.day == day.isoformat(), Letter.state.in_(_SPEAKS))
    if len(customer_ids) == 1:
        theirs = theirs.where(Letter.customer_id == customer_ids[0])
    # Of one day there are few: a long list of numbers would cost more than the rows it spares.
    return set(tx.execute(theirs).scalars()).intersection(customer_ids)


def passed(tx: Tx) -> bool:
    """Whether the time of some letter has passed that is still open."""
    return bool(tx.execute(select(exists().where(*_has_passed(tx.now)))).scalar())


def close(tx: Tx) -> int:
    """Ends letters whose time has passed: what nobody has sent by hand is not sent any more. Returns how many."""
    over = select(Letter).where(*_has_passed(tx.now)).order_by(Letter.customer_id, Letter.id).limit(CLOSED_AT_ONCE)
    found = tx.session.scalars(over).all()
    for letter in found:
        if letter.state == "later":
            late = f"{letter_rules.TOO_LATE}（{letter.reason}）"
            letter.state, letter.reason, letter.again_at = "skipped", late, None
            continue
        if letter.delivery_id is not None:
            outbox.cancel(tx, letter.delivery_id, letter_rules.TOO_LATE)
        letter.state = "over"
    return len(found)


def _has_passed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Letter.state.in_(_OPEN), Letter.until <= now


def lock(tx: Tx, customer_id: int) -> Customer | None:
    """The customer as they stand; whoever plans a broadcast for them, or takes their opt-out, waits. None: merged away."""
    whole = select(Customer).where(Customer.id == customer_id).with_for_update(key_share=True)
    return tx.session.scalars(whole.execution_options(populate_existing=True)).first()


def _find(tx: Tx, key: str) -> Letter | None:
    tx.session.flush()
    return tx.session.scalars(
        select(Letter).where(Letter.key == key).execution_options(populate_existing=True)
    ).one_or_none()


def _new(
    tx: Tx, customer_id: int, occasion: str, key: str, purpose: Purpose, staff_id: int | None, until: datetime
) -> Letter:
    return Letter(
        key=key,
        customer_id=customer_id,
        occasion=occasion,
        purpose=purpose,
        state="later",
        reason="",
        staff_id=staff_id,
        until=until,
        created_at=tx.now,
    )


def _kept(tx: Tx, letter: Letter) -> Letter:
    tx.session.add(letter)
    tx.session.flush()
    return letter


def _is_due(letter: Letter, now: datetime) -> bool:
    return letter.again_at is None or now >= min(letter.again_at, letter.until)


def _address(tx: Tx, shop: Settings, customer: Customer) -> Identity | None:
    """Where to reach the customer: of the accounts followed one with an open window, else one where a friend of theirs can
    confirm it, else the one first followed.

    One they have left where there is no other; None for somebody who never followed.
    """
    theirs = tx.session.scalars(select(Identity).where(Identity.customer_id == customer.id).order_by(Identity.id)).all()
    active = [identity for identity in theirs if identity.relation == "active"]
    reachable = next((identity for identity in active if _is_open(tx, identity)), None)
    by_friend = next((identity for identity in active if _by_friend(shop, identity)), None)
    return reachable or by_friend or next(iter([*active, *theirs]), None)


def _by_friend(shop: Settings, identity: Identity) -> bool:
    account = shop.account(identity.account)
    return account is not None and has_tasks(account)


def _why_by_hand(tx: Tx, shop: Settings, address: Identity | None, purpose: Purpose, text: str = "") -> str:
    if address is None:
        return why_no_address(shop.accounts)
    if _by_friend(shop, address):
        return "" if address.relation == "active" else NOT_A_FRIEND
    if _is_open(tx, address) or (purpose == "service" and _may_notify(tx, shop, address, text)):
        return ""
    return CUSTOM_WINDOW_CLOSED


def _may_notify(tx: Tx, shop: Settings, address: Identity, text: str) -> bool:
    """Whether the customer has said yes to the account's service notices, and these words may stand in one."""
    account = shop.account(address.account)
    template_id = "" if account is None else account.service_notice_template
    if not template_id or not limits.may_notify(tx, address.account, address.person_id, template_id):
        return False
    return fits_template([text], tx.now.astimezone(shop.timezone).date())


def _is_open(tx: Tx, identity: Identity) -> bool:
    return bool(limits.left(tx, identity.account, [identity.person_id], tx.now))


def _verdict(
    tx: Tx,
    shop: Settings,
    customer: Customer,
    address: Identity | None,
    purpose: Purpose,
    at: datetime,
    until: datetime,
) -> Verdict:
    zone = shop.timezone
    had = limits.marketing(tx, [customer.id], tx.now, zone).get(customer.id, limits.Had())
    dues = [from_milliseconds(one.due_at) for one in limits.promised(tx, [customer.id], 0).get(customer.id, ())]
    end, month = letter_rules.day_end(zone, tx.now), month_start(zone, tx.now)
    today = tx.now.astimezone(zone).date()
    known = Known(
        is_staff=customer.is_staff,
        erased=customer.name == forgetting.GONE,
        followed=None if address is None else address.relation == "active",
        refusal=_refusal(customer, address, tx.now),
        opted_out=customer.opted_out,
        complains=_complains(tx, customer.id),
        rests_until=customer.rest_until,
        waits=_says(tx, customer.id, Utterance.waiting),
        talks=_says(tx, customer.id, Utterance.broadcast_id.is_not(None), Utterance.at >= day_start(zone, tx.now)),
        lettered=bool(on_day(tx, [customer.id], today) | limits.had_letter(tx, [customer.id], tx.now, zone)),
        had=(had.today, had.month),
        promised=(sum(due < end for due in dues), sum(month_start(zone, due) == month for due in dues)),
        most_in_month=shop.marketing_per_month,
    )
    return letter_rules.verdict(known, purpose=purpose, now=at, until=until, quiet=shop.quiet_hours, zone=zone)


def _refusal(customer: Customer, address: Identity | None, now: datetime) -> str | None:
    if address is None or address.refusal is None or address.refused_at is None:
        return None
    seen = None if customer.last_seen_at is None else to_milliseconds(customer.last_seen_at)
    counts = still_refuses(to_milliseconds(address.refused_at), seen, to_milliseconds(now))
    return address.refusal if counts else None


def _complains(tx: Tx, customer_id: int) -> bool:
    case = exists().where(Case.customer_id == customer_id, Case.open, Case.kind == "complaint")
    return bool(tx.execute(select(case)).scalar())


def _says(tx: Tx, customer_id: int, *what: ColumnElement[bool] | InstrumentedAttribute[bool]) -> bool:
    return bool(tx.execute(select(exists().where(Utterance.customer_id == customer_id, *what))).scalar())
