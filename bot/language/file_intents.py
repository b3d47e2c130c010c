"""What can be meant about customers' files, looking for something, the shop's facts and automatic replies."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Birth:
    """A date of birth as far as it was said; ``month`` of a lunar one is negative for a leap month."""

    month: int | None = None
    day: int | None = None
    year: int | None = None
    lunar: bool = False


# --- what staff say -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileShow(Intent):
    """``资料 <谁>``: the file with its score."""

    whom: Whom


@dataclass(frozen=True, slots=True)
class FileEdit(Intent):
    """``资料 <谁> 衣码 L 爱好 瑜伽``: ``values`` are (field, text) with the names of ``file_fields.FIELDS``.

    ``removed`` are fields to empty (``资料 <谁> 删除 电话``).
    """

    whom: Whom
    values: tuple[tuple[str, str], ...] = ()
    birth: Birth | None = None
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Photos(Intent):
    """``照片 <谁>`` (pictures follow), ``照片 <谁> 2`` (show one), ``照片 <谁> 删除 2``."""

    whom: Whom
    number: int | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Picture(Intent):
    """A picture somebody sent, by the platform's media id; typed by nobody."""

    media_id: str


@dataclass(frozen=True, slots=True)
class SendOn(Intent):
    """A picture or voice message (``kind`` image or voice) for the customer an open ``回 <谁>`` names; typed by nobody."""

    kind: str
    media_id: str


@dataclass(frozen=True, slots=True)
class Merge(Intent):
    """``合并 <谁> <谁>``: the same person."""

    first: Whom
    second: Whom


@dataclass(frozen=True, slots=True)
class Find(Intent):
    """``找 蓝色连衣裙``; ``text`` as typed."""

    text: str


@dataclass(frozen=True, slots=True)
class ShopFacts(Intent):
    """``店铺``."""


@dataclass(frozen=True, slots=True)
class ShopFactEdit(Intent):
    """``店铺 营业 10:00-22:00``: (``hours``, ``address`` or ``phone``, text) each; an empty text empties the fact."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AutoReplies(Intent):
    """``自动回复``: the list."""


@dataclass(frozen=True, slots=True)
class AutoReplyWrite(Intent):
    """``自动回复 几点开门、营业时间 = 10点到22点``; the answer as typed."""

    words: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class AutoReplyDelete(Intent):
    number: int


# --- what customers say ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnFile(Intent):
    """``资料``: what we know of them."""


@dataclass(frozen=True, slots=True)
class OwnBirthday(Intent):
    birth: Birth


@dataclass(frozen=True, slots=True)
class OwnAddress(Intent):
    address: str


@dataclass(frozen=True, slots=True)
class OwnUnclear(Intent):
    """A customer's own date or address that cannot be one; ``problem`` is the Chinese answer."""

    problem: str


@dataclass(frozen=True, slots=True)
class ExportOwn(Intent):
    """``导出我的资料``."""


@dataclass(frozen=True, slots=True)
class EraseOwn(Intent):
    """``删除我的资料`` asks, ``确认删除我的资料`` (``sure``) does it."""

    sure: bool = False
