"""What a staff member is in the middle of: the customer last spoken of, an open question, codes to confirm."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Text, cast, delete, select, update

from bot.domain.merchants.models import Confirmation, Dealt, TalkState
from bot.domain.merchants.service import new_code
from bot.errors import Refusal
from bot.language.whom import says_number
from bot.store.transaction import Tx

QUESTION_LIFE = timedelta(minutes=5)
CONFIRMATION_LIFE = timedelta(minutes=10)
CODE_LENGTH = 4
TOKEN_LENGTH = 8
MORE_LIFE = timedelta(minutes=30)
MISSED_AT_MOST = 3  # lines in a row that are not understood before a lesson is due


@dataclass(frozen=True)
class Question:
    """An open question. ``labels`` of what may be chosen, where that may be tapped as well.

    ``choice``: a number continues a line. ``offer``: a number does one of the lines offered. ``text``: the next message
    is the text. ``heard``: a yes does what was heard.
    """

    kind: str
    payload: dict[str, Any]
    labels: Sequence[str] = ()


def state(tx: Tx, staff_id: int) -> TalkState:
    found = tx.session.get(TalkState, staff_id)
    if found is None:
        found = TalkState(staff_id=staff_id)
        tx.session.add(found)
    return found


def speak_of(tx: Tx, staff_id: int, customer_id: int) -> None:
    """Remembers whom ``他``, ``她`` and ``上一个`` mean from now on."""
    state(tx, staff_id).customer_id = customer_id


def show_list(tx: Tx, staff_id: int, tasks: list[list[int | str]]) -> None:
    """Remembers the day's list as shown, so that its numbers mean the same until it is shown again."""
    state(tx, staff_id).listed = tasks


def listed(tx: Tx, staff_id: int) -> list[list[int | str]]:
    """The tasks as they were last shown; a list of an older version, which named people only, counts as none."""
    return [task for task in state(tx, staff_id).listed or [] if isinstance(task, list)]


_TAKE = """
    INSERT INTO dealt (customer_id, staff_id, day) VALUES (:customer_id, :staff_id, :day)
    ON CONFLICT (customer_id) DO UPDATE SET staff_id = excluded.staff_id, day = excluded.day
    WHERE dealt.day <> excluded.day OR dealt.staff_id = excluded.staff_id RETURNING customer_id
"""


def take(tx: Tx, staff_id: int, customer_ids: Sequence[int], day: str) -> set[int]:
    """Deals customers to a member for the day (ISO date); returns those nobody else had. Of two at once one gets each."""
    return {
        row[0]
        for number in sorted(customer_ids)
        for row in tx.direct(_TAKE, {"customer_id": number, "staff_id": staff_id, "day": day})
    }


def give_up(tx: Tx, staff_id: int) -> None:
    """Whom the member was dealt may be dealt to others."""
    tx.execute(delete(Dealt).where(Dealt.staff_id == staff_id))


def dealt_to(tx: Tx, staff_id: int, day: str) -> set[int]:
    """Whom the member was dealt that day."""
    return set(tx.session.scalars(select(Dealt.customer_id).where(Dealt.staff_id == staff_id, Dealt.day == day)))


def ask(tx: Tx, staff_id: int, question: Question, *, life: timedelta = QUESTION_LIFE) -> None:
    now_open = state(tx, staff_id)
    now_open.question = {"kind": question.kind, **question.payload, "labels": list(question.labels)}
    now_open.question_until = tx.now + life


def open_question(tx: Tx, staff_id: int) -> Question | None:
    """The question that still waits for an answer, or None; it stays open."""
    found = tx.session.get(TalkState, staff_id)
    if found is None or found.question is None or found.question_until is None or found.question_until <= tx.now:
        return None
    payload = dict(found.question)
    return Question(payload.pop("kind"), payload, payload.pop("labels", ()))


def take_labels(tx: Tx, staff_id: int) -> list[str]:
    """The labels of the open question, once: they are only for the message that asks."""
    found = tx.session.get(TalkState, staff_id)
    if found is None or found.question is None:
        return []
    labels = found.question.get("labels") or []
    if labels:
        found.question = {**found.question, "labels": []}
    return labels


def question_until(tx: Tx, staff_id: int) -> datetime:
    """When the open question is over; now where there is none."""
    found = tx.session.get(TalkState, staff_id)
    return tx.now if found is None or found.question_until is None else found.question_until


def mark(tx: Tx, staff_id: int) -> str:
    """Gives the open question a token by which a tap is known to answer it and no other; returns it."""
    token = new_code(TOKEN_LENGTH)
    now_open = state(tx, staff_id)
    now_open.question = {**(now_open.question or {}), "token": token}
    return token


def close_question(tx: Tx, staff_id: int) -> None:
    found = tx.session.get(TalkState, staff_id)
    if found is not None:
        found.question = None
        found.question_until = None


def keep_more(tx: Tx, staff_id: int, text: str) -> None:
    """Keeps what follows the page just shown, for ``更多``; an empty text ends what was kept before."""
    now_open = tx.session.get(TalkState, staff_id)
    if text or (now_open is not None and now_open.more is not None):
        now_open = state(tx, staff_id)
        now_open.more, now_open.more_until = (text, tx.now + MORE_LIFE) if text else (None, None)


def more(tx: Tx, staff_id: int) -> str:
    """What follows the page shown last; empty if nothing does, or it was shown too long ago."""
    found = tx.session.get(TalkState, staff_id)
    if found is None or found.more is None or found.more_until is None or found.more_until <= tx.now:
        return ""
    return found.more


def is_lost(tx: Tx, staff_id: int, *, understood: bool) -> bool:
    """Counts lines in a row that were not understood; True at the third, then it counts anew."""
    found = tx.session.get(TalkState, staff_id)
    if understood:
        if found is not None and found.missed:
            found.missed = 0
        return False
    found = state(tx, staff_id)
    found.missed = (found.missed or 0) + 1
    if found.missed < MISSED_AT_MOST:
        return False
    found.missed = 0
    return True


def ask_code(tx: Tx, staff_id: int, action: str, payload: dict[str, Any]) -> str:
    """Opens a confirmation and returns its four-character code, unique among this member's open ones."""
    taken = set(
        tx.session.scalars(
            select(Confirmation.code).where(Confirmation.staff_id == staff_id, Confirmation.used_at.is_(None))
        )
    )
    code = new_code(CODE_LENGTH)
    while code in taken:
        code = new_code(CODE_LENGTH)
    tx.session.add(
        Confirmation(
            staff_id=staff_id,
            code=code,
            action=action,
            payload=payload,
            created_at=tx.now,
            expires_at=tx.now + CONFIRMATION_LIFE,
        )
    )
    return code


def open_codes(tx: Tx, staff_id: int) -> list[str]:
    """The member's codes that can still be used, oldest first."""
    waiting = (Confirmation.staff_id == staff_id, Confirmation.used_at.is_(None), Confirmation.expires_at > tx.now)
    return list(tx.session.scalars(select(Confirmation.code).where(*waiting).order_by(Confirmation.id)))


def fresh_codes(tx: Tx, staff_id: int) -> list[tuple[str, datetime]]:
    """The codes this very transaction has asked for, and until when each is good."""
    asked = (Confirmation.staff_id == staff_id, Confirmation.used_at.is_(None), Confirmation.created_at == tx.now)
    found = select(Confirmation.code, Confirmation.expires_at).where(*asked, Confirmation.expires_at > tx.now)
    return [(code, until) for code, until in tx.execute(found.order_by(Confirmation.id))]


def drop_codes(tx: Tx, staff_id: int, only: str = "") -> list[str]:
    """Ends the member's open codes (``only`` this one) and returns them; one that is typed later is told it ran out."""
    codes = [code for code in open_codes(tx, staff_id) if only in ("", code)]
    if codes:
        mine = (Confirmation.staff_id == staff_id, Confirmation.code.in_(codes), Confirmation.used_at.is_(None))
        tx.execute(update(Confirmation).where(*mine).values(expires_at=tx.now))
    return codes


def take_code(tx: Tx, staff_id: int, code: str) -> Confirmation:
    """Uses up a confirmation. Raises Refusal that says whether the code is wrong, somebody else's, used or too old."""
    code = code.upper()
    found = tx.session.scalars(
        select(Confirmation).where(Confirmation.code == code).order_by(Confirmation.id.desc())
    ).all()
    own = next((confirmation for confirmation in found if confirmation.staff_id == staff_id), None)
    if own is None and found:
        raise Refusal(f"确认码 {code} 是另一位同事的，只有本人能确认。什么都没有做。")
    if own is None:
        raise Refusal(f"没有确认码 {code}。请照着上一条消息里的确认码再发一次，什么都没有做。")
    if own.used_at is not None:
        raise Refusal(f"确认码 {code} 已经用过，不会再做第二次。")
    if own.expires_at <= tx.now:
        raise Refusal(f"确认码 {code} 过期了（10 分钟内有效），什么都没有做。请把刚才的口令再发一次。")
    taken = tx.execute(
        update(Confirmation).where(Confirmation.id == own.id, Confirmation.used_at.is_(None)).values(used_at=tx.now)
    )
    if taken.rowcount != 1:
        raise Refusal(f"确认码 {code} 已经用过，不会再做第二次。")
    return own


def forget(tx: Tx, numbers: Collection[int], words: Collection[str]) -> None:
    """Takes customers who are erased out of what staff are in the middle of, by number or by the ``words`` for them.

    What is over (codes used or too old, questions nobody answered) is emptied whatever it says; what is open and names
    them ends.
    """

    def names_them(said: Any) -> bool:
        told = orjson.dumps(said).decode()
        spoken_of = any(word in told for word in words) or any(says_number(told, number) for number in numbers)
        return spoken_of or bool(_people(said) & set(numbers))

    for code in tx.session.scalars(select(Confirmation).where(cast(Confirmation.payload, Text) != "{}")).all():
        is_open = code.used_at is None and code.expires_at > tx.now
        if is_open and not names_them(code.payload):
            continue
        code.payload, code.expires_at = {}, min(code.expires_at, tx.now)
    for found in tx.session.scalars(select(TalkState)).all():
        if not found.question_until or found.question_until <= tx.now or names_them(found.question):
            found.question, found.question_until = None, None
        if not found.more_until or found.more_until <= tx.now or names_them(found.more):
            found.more, found.more_until = None, None
        if found.customer_id in numbers:
            found.customer_id = None


def _people(payload: Any) -> set[int]:
    """The customers' numbers in what a question or a code keeps."""
    if not isinstance(payload, dict):
        return set()
    listed = [payload.get("customer"), *payload.get("people", ()), *payload.get("ids", ()), *payload.get("options", ())]
    return {number for number in [*listed, *payload.get("chosen", {}).values()] if isinstance(number, int)}
