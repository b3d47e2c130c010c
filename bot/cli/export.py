"""What the shop knows, one record a line, for other programs: ``shuke export``."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TextIO

import orjson
from sqlalchemy import select

from bot.delivery import outbox
from bot.domain.campaigns.models import Broadcast
from bot.domain.customers import files, photos, tags
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Tag, Utterance
from bot.domain.customers.rules import birth_shown, known_name
from bot.domain.orders.models import Order
from bot.domain.orders.rules import STAGES
from bot.domain.orders.service import latest_stages
from bot.store.transaction import Tx

Record = dict[str, Any]
PAGE = 1000
# A cell that begins like this is run as a formula by spreadsheet programs.
FORMULA_STARTS = ("=", "+", "-", "@", "=", "+", "-", "@", "\t", "\r", "\n")


def write(tx: Tx, subject: str, form: str, out: TextIO) -> None:
    """Writes all records of ``subject`` (a key of ``SUBJECTS``) as ``jsonl`` or ``csv``; moments as ISO 8601 in UTC."""
    records = SUBJECTS[subject](tx)
    if form == "jsonl":
        for record in records:
            out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z).decode())
        return
    writer = None
    for record in records:
        if writer is None:
            writer = csv.DictWriter(out, fieldnames=list(record))
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in record.items()})


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.lstrip(" ").startswith(FORMULA_STARTS) else text


def _pages(tx: Tx, model: Any, *where: Any) -> Iterator[list[Any]]:
    last = 0
    while True:
        statement = select(model).where(model.id > last, *where).order_by(model.id).limit(PAGE)
        page = list(tx.session.scalars(statement))
        if not page:
            return
        yield page
        last = page[-1].id
        tx.session.expunge_all()


def _customers(tx: Tx) -> Iterator[Record]:
    for page in _pages(tx, Customer, Customer.is_staff.is_(False)):
        numbers = [customer.id for customer in page]
        tagged, stages = tags.of(tx, numbers), latest_stages(tx, numbers)
        addresses: dict[int, list[Record]] = {number: [] for number in numbers}
        for identity in customers.identities(tx, numbers):
            addresses[identity.customer_id].append(
                {"account": identity.account, "id": identity.person_id, "relation": identity.relation}
            )
        filed, pictures = files.entries(tx, numbers), photos.counts(tx, numbers)
        for customer in page:
            stage = stages.get(customer.id)
            yield {
                "number": customer.id,
                "name": known_name(customer),
                "nickname": customer.nickname,
                "remark": customer.remark,
                "phone": customer.phone,
                "identities": addresses[customer.id],
                "tags": tagged[customer.id],
                "visited": customer.visited,
                "purchased": customer.purchased,
                "vip": customer.vip,
                "grade": customer.grade,
                "follow_up": customer.follow_up,
                "stage": STAGES[stage] if stage else None,
                "spent_fen": customer.spent_fen,
                "opted_out": customer.opted_out,
                "created_at": customer.created_at,
                "last_seen_at": customer.last_seen_at,
                "wechat": customer.wechat,
                "sex": customer.sex,
                "city": customer.city,
                "birthday": birth_shown(customer) or None,
                "file": filed[customer.id],
                "photos": pictures.get(customer.id, 0),
            }


def _tags(tx: Tx) -> Iterator[Record]:
    counts = dict(tags.book(tx))
    for tag in tx.session.scalars(select(Tag).order_by(Tag.id)):
        yield {"name": tag.name, "customers": counts.get(tag.name, 0), "created_at": tag.created_at}


def _orders(tx: Tx) -> Iterator[Record]:
    for page in _pages(tx, Order):
        for order in page:
            yield {
                "number": order.id,
                "customer": order.customer_id,
                "amount_fen": order.amount_fen,
                "refunded_fen": order.refunded_fen,
                "items": order.items,
                "note": order.note,
                "stage": STAGES[order.stage],
                "source": order.source,
                "paid_at": order.paid_at,
                "created_at": order.created_at,
            }


def _messages(tx: Tx) -> Iterator[Record]:
    for page in _pages(tx, Utterance):
        for said in page:
            yield {
                "customer": said.customer_id,
                "account": said.account,
                "at": said.at,
                "type": said.kind,
                "text": said.text,
                "broadcast": said.broadcast_id,
                "waiting": said.waiting,
                "answered_at": said.answered_at,
            }


def _deliveries(tx: Tx) -> Iterator[Record]:
    for row in outbox.export(tx):
        row["customer"] = row.pop("customer_id")
        yield row


def _broadcasts(tx: Tx) -> Iterator[Record]:
    for page in _pages(tx, Broadcast, Broadcast.state != "draft"):
        for broadcast in page:
            yield {
                "number": broadcast.id,
                "segment": broadcast.segment,
                "scripts": [
                    {key: script[key] for key in ("variant", "name", "version")} for script in broadcast.scripts
                ],
                "hold_out": broadcast.hold_out,
                "state": broadcast.state,
                "start_at": broadcast.start_at,
                "created_at": broadcast.created_at,
                "started_at": broadcast.started_at,
                "finished_at": broadcast.finished_at,
                "counts": outbox.counts(tx, broadcast.id),
            }


SUBJECTS: dict[str, Callable[[Tx], Iterator[Record]]] = {
    "customers": _customers,
    "tags": _tags,
    "orders": _orders,
    "messages": _messages,
    "deliveries": _deliveries,
    "broadcasts": _broadcasts,
}
