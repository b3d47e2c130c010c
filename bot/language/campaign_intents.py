"""What staff can mean about scripts (话术) and broadcasts (群发)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class ScriptList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class ScriptBoard(Intent):
    """``话术 榜``: which scripts work for which class."""


@dataclass(frozen=True, slots=True)
class ScriptShow(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class ScriptNew(Intent):
    """The text follows in the next message, unless it was given on further lines of this one (``text``, as typed).

    ``kind``: text, image, news (a link) or menu.
    """

    name: str
    text: str = ""
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class ScriptEdit(Intent):
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ScriptTry(Intent):
    name: str
    whom: Whom


@dataclass(frozen=True, slots=True)
class Broadcast(Intent):
    """``群发 <人群> 用 话术1[/话术2/话术3] [时间] [实时] [对照10%] [人人一样] [避开疲劳] [每小时50位|分3天]``.

    ``at`` None = now; ``hold_out`` in percent. ``plain``: without names, the same for all. ``spares_tired``: not to who has
    had too much lately. ``every``: a time that comes again and again, as `read_recurrence` reads it. At human pace:
    ``per_hour`` people, or over so many ``days``. ``live``: to whom the segment names by the time it goes.
    """

    segment: str
    scripts: tuple[str, ...]
    at: datetime | None = None
    hold_out: int = 0
    plain: bool = False
    spares_tired: bool = False
    every: str = ""
    per_hour: int | None = None
    days: int | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class BroadcastList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class BroadcastStep(Intent):
    """``进度|暂停|继续|取消|结果|回复 12``, ``结果 12 未知``; ``broadcast`` None = the word alone."""

    step: Literal["progress", "pause", "resume", "cancel", "result", "replies", "unclear"]
    broadcast: int | None = None


@dataclass(frozen=True, slots=True)
class Correct(Intent):
    """``更正 12 用 话术 [时间]``: to exactly those who got broadcast 12, or may have."""

    broadcast: int
    script: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resend(Intent):
    """``重发 12``: once more to those of broadcast 12 with whom it failed, never to those nobody can tell about."""

    broadcast: int


@dataclass(frozen=True, slots=True)
class Checked(Intent):
    """``核对 12 小美、#5 收到了|没收到``: what people say about messages nobody could tell about; no ``whom`` = 全部."""

    broadcast: int
    received: bool
    whom: tuple[Whom, ...] = ()
