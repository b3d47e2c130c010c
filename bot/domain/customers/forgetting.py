"""Erasing what we know of somebody who asks for it; a keyed hash stays, so that no import brings them back."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import delete, select, update

from bot.domain.customers import erasure_key, media
from bot.domain.customers.channel_tables import ChannelJoin
from bot.domain.customers.models import (
    Customer,
    CustomerTag,
    FileEntry,
    FollowUpEntry,
    Identity,
    MergedNumber,
    Photo,
    TagChange,
    TimelineEntry,
    Utterance,
)
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

GONE = "已注销"  # what staff see instead of a name; the number stays for the money that is tied to it
_ADD = "INSERT INTO forgotten (digest, key, at) VALUES (:digest, '', :now) ON CONFLICT (digest) DO NOTHING"
_ANYBODY = "SELECT 1 FROM forgotten WHERE digest <> '' LIMIT 1"
_KNOWN = "SELECT 1 FROM forgotten WHERE digest = :digest"
_EMPTIED = (
    *("own_name", "nickname", "remark", "name_pinyin", "name_initials", "phone", "wechat", "sex", "city", "channel"),
    *("birth_year", "birth_month", "birth_day", "follow_up", "next_step", "next_at", "expected_fen"),
    *("keeper_id", "called_at", "rest_until"),
)


def is_forgotten(tx: Tx, account: str, person_id: str) -> bool:
    """Whether the person behind an address has had their data erased. Raises KeyLost."""
    return _is_known(tx, _address(account, person_id))


def is_forgotten_phone(tx: Tx, phone: str) -> bool:
    """Whether who has this phone has had their data erased. Raises KeyLost."""
    return _is_known(tx, phone)


def _is_known(tx: Tx, word: str) -> bool:
    if not tx.direct(_ANYBODY, {}):
        return False
    return bool(tx.direct(_KNOWN, {"digest": _digest(erasure_key.settle(tx), word)}))


def words_of(customer: Customer) -> set[str]:
    """By what staff may have called a customer in lines that are kept."""
    named = (customer.name, customer.own_name, customer.nickname, customer.remark, customer.name_pinyin)
    return {word for word in (*named, customer.phone, customer.wechat) if word}


def numbers_of(tx: Tx, customer_id: int) -> list[int]:
    """The customer's number and those that were merged into it."""
    merged = tx.session.scalars(select(MergedNumber.number).where(MergedNumber.customer_id == customer_id))
    return [customer_id, *merged]


def erase(tx: Tx, customer: Customer) -> None:
    """Erases the file, the talk and the addresses; the number stays, without a name and without marketing."""
    _remember(tx, customer)
    number = customer.id
    tx.execute(
        update(Customer)
        .where(Customer.id == number)
        .values(
            **dict.fromkeys(_EMPTIED),
            name=GONE,
            birth_lunar=False,
            vip=False,
            grade=None,
            former_grade=None,
            opted_out=True,
            opted_out_at=tx.now,
            last_seen_at=None,
            last_contact_at=None,
            acknowledged_at=None,
        )
    )
    pictures = tx.execute(select(Photo.account, Photo.media_id).where(Photo.customer_id == number)).all()
    said = select(Utterance.account, Utterance.media_id).where(
        Utterance.customer_id == number, Utterance.media_id.is_not(None)
    )
    for account, media_id in [*pictures, *tx.execute(said).all()]:
        media.forget(tx, account, str(media_id))
    for model in (
        FileEntry,
        Photo,
        Utterance,
        TimelineEntry,
        TagChange,
        CustomerTag,
        FollowUpEntry,
        ChannelJoin,
        Identity,
    ):
        tx.execute(delete(model).where(model.customer_id == number))
    tx.session.expire_all()


def _remember(tx: Tx, customer: Customer) -> None:
    now = to_milliseconds(tx.now)
    key = erasure_key.settle(tx)
    found = tx.session.scalars(select(Identity).where(Identity.customer_id == customer.id))
    words = [_address(identity.account, identity.person_id) for identity in found]
    for word in [*words, *([customer.phone] if customer.phone else [])]:
        tx.direct(_ADD, {"digest": _digest(key, word), "now": now})


def _address(account: str, person_id: str) -> str:
    return f"{account}\n{person_id}"


def _digest(key: str, word: str) -> str:
    return hmac.new(bytes.fromhex(key), word.encode(), hashlib.sha256).hexdigest()
