"""Looking for words in what we know of customers: names, file, timeline, talk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, FileEntry, TimelineEntry, Utterance
from bot.language.file_fields import BY_NAME
from bot.language.normalise import normalise
from bot.language.whom import read_whom
from bot.store.transaction import Tx

A_SOURCE = 60  # rows looked at of one source; they are of fewer customers
WORDS_AT_MOST = 5
AROUND = 12  # characters shown on either side of what was found


@dataclass(frozen=True, slots=True)
class Hit:
    """Where something was found; ``where`` names the place, ``text`` is the piece around it, empty for a name."""

    customer_id: int
    where: str
    text: str


def named_in(tx: Tx, pieces: Sequence[str]) -> list[str]:
    """Which of these words are the whole name of a customer."""
    if not pieces:
        return []
    # By the two columns that are indexed: a line that was not understood should not cost a walk through all customers.
    found: set[str] = set()
    for column in (Customer.name, Customer.own_name):
        named = select(column).where(column.in_(pieces), Customer.is_staff.is_(False)).distinct()
        found.update(name for name in tx.session.scalars(named) if name)
    return sorted(found)


def holds(column: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Whether a text holds every word, as typed or in its plain form. No index serves the middle of a text; a shop's
    few hundred thousand lines are read through in a fraction of a second."""
    each = []
    for word in words.split()[:WORDS_AT_MOST]:
        forms = dict.fromkeys((word, normalise(word)))
        each.append(or_(*(column.icontains(form, autoescape=True) for form in forms if form)))
    return and_(*each)


def excerpt(text: str, words: str) -> str:
    """The piece of a text around the first word looked for, on one line."""
    line = " ".join(text.split())
    first = words.split()[0].lower()
    at = max(line.lower().find(first), 0)
    start, end = max(at - AROUND, 0), at + len(first) + AROUND
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def look(tx: Tx, words: str) -> Iterator[Hit]:
    """Where words are found, names first, then file, notes and timeline, talk; the newest of each first."""
    for whom in read_whom(words)[:1]:
        for customer in customers.matches(tx, whom, last_spoken_of=None):
            yield Hit(customer.id, "名字", "")
    people = (Customer.is_staff.is_(False),)
    columns = (Customer.name, Customer.own_name, Customer.nickname, Customer.remark, Customer.phone, Customer.wechat)
    for column in columns:
        named = select(Customer.id).where(*people, holds(column, words))  # type: ignore[arg-type]
        for number in tx.session.scalars(named.order_by(Customer.id.desc()).limit(A_SOURCE)):
            yield Hit(number, "名字", "")
    filed = select(FileEntry.customer_id, FileEntry.field, FileEntry.text).where(holds(FileEntry.text, words))  # type: ignore[arg-type]
    for number, field, text in tx.execute(filed.order_by(FileEntry.customer_id.desc()).limit(A_SOURCE)):
        yield Hit(number, BY_NAME[field].words[0] if field in BY_NAME else "资料", excerpt(text, words))
    told = (
        select(TimelineEntry.customer_id, TimelineEntry.text, TimelineEntry.kind)
        .join(Customer, Customer.id == TimelineEntry.customer_id)
        .where(*people, holds(TimelineEntry.text, words))  # type: ignore[arg-type]
        .order_by(TimelineEntry.id.desc())
        .limit(A_SOURCE)
    )
    rows = tx.execute(told).all()
    for number, text, kind in sorted(rows, key=lambda row: row.kind != "note"):
        yield Hit(number, "备注" if kind == "note" else "记录", excerpt(text, words))
    said = (
        select(Utterance.customer_id, Utterance.text)
        .join(Customer, Customer.id == Utterance.customer_id)
        .where(*people, holds(Utterance.text, words))  # type: ignore[arg-type]
        .order_by(Utterance.id.desc())
        .limit(A_SOURCE)
    )
    for number, text in tx.execute(said):
        yield Hit(number, "说过", excerpt(text, words))
