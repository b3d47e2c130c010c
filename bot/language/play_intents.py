"""What can be meant about playbooks (打法)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class PlayList(Intent):
    """``打法``: all of them, which are on, and who is in them."""


@dataclass(frozen=True, slots=True)
class PlayShow(Intent):
    """``打法 看 Y&O``: its text. ``book`` is a name as ``playbook_names`` reads it, here and below."""

    book: str


@dataclass(frozen=True, slots=True)
class PlayEdit(Intent):
    """``打法 改 Y&O``: ``text`` empty = it comes with the next message."""

    book: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PlayTry(Intent):
    """``打法 试 Y&O``: what it would do with today's customers."""

    book: str


@dataclass(frozen=True, slots=True)
class PlaySwitch(Intent):
    """``打法 开 Y&O``; ``book`` empty: all of them."""

    on: bool
    book: str = ""


@dataclass(frozen=True, slots=True)
class PlayWho(Intent):
    """``打法 谁``: who is where; ``book`` empty: in any of them."""

    book: str = ""


@dataclass(frozen=True, slots=True)
class PlayEnter(Intent):
    """``打法 进 Y&O``: all who belong to it today, or only ``whom``."""

    book: str
    whom: tuple[Whom, ...] = ()


@dataclass(frozen=True, slots=True)
class PlayStop(Intent):
    """``打法 停 小美``: nothing more of any playbook for these customers."""

    whom: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class PlayReset(Intent):
    """``打法 恢复 Y&O``: the text as it came; one of the shop's own is deleted."""

    book: str
