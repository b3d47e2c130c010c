"""Answers to words customers ask again and again; which one fits is decided here, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select

from bot.domain.merchants.models import AutoReply
from bot.errors import Refusal
from bot.language.normalise import normalise
from bot.store.transaction import Tx

MOST = 100
PART_OF_AT_MOST = 60  # characters of a text that may be answered for a part of it: a longer one tells a story
_ALL = "SELECT words, answer FROM auto_replies ORDER BY id"
_MARKS = ' \n。.!?~…,;:、"呀啊呢吗哦'


@dataclass(frozen=True, slots=True)
class Fitting:
    """The answer that fits; ``whole``: the text is the very word, not only a text that holds it."""

    answer: str
    whole: bool


def fitting(text: str, replies: Iterable[tuple[Sequence[str], str]]) -> Fitting | None:
    """The answer to a text: the whole word before a part, the longest part first, of equals the oldest; no I/O."""
    said = _plain(text)
    best: tuple[int, str] | None = None
    for words, answer in replies:
        for word in map(_plain, words):
            if word == said:
                return Fitting(answer, whole=True)
            if word and len(said) <= PART_OF_AT_MOST and word in said and (best is None or len(word) > best[0]):
                best = len(word), answer
    return Fitting(best[1], whole=False) if best else None


def _plain(text: str) -> str:
    return normalise(text).lower().strip(_MARKS)


def answer_to(tx: Tx, text: str) -> Fitting | None:
    """The automatic answer to what a customer said, or None."""
    # On the way of everything customers say, hence tx.direct.
    replies = tx.once("auto_replies", lambda: [(_words(words), answer) for words, answer in tx.direct(_ALL, {})])
    return fitting(text, replies) if replies else None


def _words(stored: str | list[str]) -> list[str]:
    """Only PostgreSQL's driver has parsed the document."""
    return orjson.loads(stored) if isinstance(stored, str) else stored


def listed(tx: Tx) -> Sequence[AutoReply]:
    return tx.session.scalars(select(AutoReply).order_by(AutoReply.id)).all()


def write(tx: Tx, words: Sequence[str], answer: str) -> tuple[AutoReply, bool]:
    """Sets the answer to these words; returns it, and whether one that had a word of them was replaced.

    Raises Refusal where the words belong to several, and when there are too many.
    """
    everything = listed(tx)
    asked = {_plain(word) for word in words}
    same = [reply for reply in everything if asked & {_plain(word) for word in reply.words}]
    if len(same) > 1:
        numbers = "、".join(str(reply.id) for reply in same)
        raise Refusal(f"这些问法分在自动回复 {numbers} 里，没有改。先删掉一条，例如：自动回复 删除 {same[-1].id}")
    if same:
        same[0].words, same[0].answer = list(words), answer
        tx.session.flush()
        return same[0], True
    if len(everything) >= MOST:
        raise Refusal(f"自动回复最多 {MOST} 条，先删掉用不着的，例如：自动回复 删除 {everything[0].id}")
    reply = AutoReply(words=list(words), answer=answer, created_at=tx.now)
    tx.session.add(reply)
    tx.session.flush()
    return reply, False


def delete(tx: Tx, number: int) -> AutoReply:
    """Raises Refusal for a number that is none of the list."""
    reply = tx.session.get(AutoReply, number) if number < 2**31 else None
    if reply is None:
        raise Refusal(f"没有自动回复 {number}。发送“自动回复”看现在有哪些。")
    tx.session.delete(reply)
    tx.session.flush()
    return reply
