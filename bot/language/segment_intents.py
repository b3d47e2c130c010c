"""What staff can mean about segments (人群), and why somebody is in one or got nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Segment(Intent):
    """``人群 <人群>``: count with three examples."""

    expression: str


@dataclass(frozen=True, slots=True)
class SegmentSave(Intent):
    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class SegmentList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class SegmentDelete(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class SegmentRename(Intent):
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class WhySegment(Intent):
    """``为什么 小美 不在 <人群>``, also where she is in it."""

    whom: Whom
    expression: str


@dataclass(frozen=True, slots=True)
class WhyBroadcast(Intent):
    """``为什么 小美 没收到 12``; ``broadcast`` None = the latest."""

    whom: Whom
    broadcast: int | None
