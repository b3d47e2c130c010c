"""What people can mean: one small class per intent, its slots typed.

Here stands what belongs to any talk, and what customers say; what staff mean about one field is in ``<field>_intents.py``.

Slots hold what was said, not what the database knows: a ``Whom`` is still to be looked up, a segment is the expression
as typed. Money is integer fen. Times are aware datetimes in the shop's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Whom:
    """How somebody pointed at a customer.

    ``kind``: ``number`` (``#12``), ``phone`` (11 digits), ``tail`` (last four digits of a phone), ``pronoun``
    (``他``/``她``/``上一个``) or ``name`` (anything else, also pinyin and initials). ``text`` is what was typed, digits
    only for the first three kinds.
    """

    kind: Literal["number", "phone", "tail", "pronoun", "name"]
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """Base of all intents."""


# --- in any talk ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Help(Intent):
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Confirm(Intent):
    """``确认 7F3K``."""

    code: str


@dataclass(frozen=True, slots=True)
class Choice(Intent):
    """A bare number: answers the open numbered list."""

    number: int


@dataclass(frozen=True, slots=True)
class Drop(Intent):
    """``算了``, ``取消``, ``不对``: what was asked last is not to be done.

    ``cancels``: said with 取消, which may mean a broadcast. ``doubts``: something is wrong, maybe with what was done last.
    """

    cancels: bool = False
    doubts: bool = False


@dataclass(frozen=True, slots=True)
class Courtesy(Intent):
    """``你好``, ``谢谢``: asks for nothing. ``thanks``: and needs no answer but a kind one."""

    thanks: bool = False


@dataclass(frozen=True, slots=True)
class Yes(Intent):
    """``是``: does what was shown as heard or offered last."""


@dataclass(frozen=True, slots=True)
class Undo(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Later(Intent):
    """A word whose room is not open yet (群, 推荐, 报表 …): answered honestly."""

    word: str


@dataclass(frozen=True, slots=True)
class Several(Intent):
    """``小美 到店 消费298 +VIP``: clauses that are done together, in this order, or not at all."""

    clauses: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class More(Intent):
    """``更多``: the next page of the answer before."""


# --- what customers say ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallMe(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class Activities(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Join(Intent):
    """``报名 3``; None = the word alone. ``odd``: what stood there instead of a number (``报名 abc``)."""

    activity: int | None = None
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Leave(Intent):
    """``取消报名 3``; like ``Join``."""

    activity: int | None = None
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Mine(Intent):
    pass


@dataclass(frozen=True, slots=True)
class OptOut(Intent):
    pass


@dataclass(frozen=True, slots=True)
class OptOutHint(Intent):
    """Perhaps a wish to opt out: tell them the word, change nothing."""


@dataclass(frozen=True, slots=True)
class OptIn(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Complain(Intent):
    """``投诉 …``, ``建议 …``, ``人工``; also plain anger (``angry``), which is put on top."""

    kind: Literal["complaint", "suggestion", "person", "angry"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class FreeTalk(Intent):
    """Anything else: kept and put before staff."""

    text: str


# --- what could not be understood ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotUnderstood(Intent):
    """``problem``: the Chinese sentence naming the part that is wrong and an example; ``nearest``: forms to offer.

    ``ready``: of these the ones made of what was typed, which a number may carry out as they stand. ``is_free``: no verb
    of ours was found; the line may be talk, a note, or speak of a customer in an order of its own.
    """

    problem: str
    nearest: tuple[str, ...] = field(default=())
    is_free: bool = False
    ready: tuple[str, ...] = ()
