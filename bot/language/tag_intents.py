"""What staff can mean about tags (标签), and about the rules that put them on."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.intents import Intent, Whom


@dataclass(frozen=True, slots=True)
class Tag(Intent):
    """Adds and removes tags. Class codes stand among them as typed (``VIP``, ``Y``)."""

    whom: tuple[Whom, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagSegment(Intent):
    """``批量标签 <人群> +节日``."""

    segment: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagBook(Intent):
    pass


@dataclass(frozen=True, slots=True)
class TagJoin(Intent):
    """``标签 合并 旧 到 新``."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TagDelete(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class RuleList(Intent):
    """``规则``: the tags that rules put on."""


@dataclass(frozen=True, slots=True)
class RuleChange(Intent):
    """``规则 关 流失预警``, ``规则 流失预警 45天``. ``number``: whole, of ``unit`` 次, %, 天, 元 or none said."""

    name: str
    enabled: bool | None = None
    number: int | None = None
    unit: str = ""
