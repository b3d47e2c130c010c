"""What can be meant about channels (渠道): the codes by which customers come, and what meets them there."""

from __future__ import annotations

from dataclasses import dataclass

from bot.language.intents import Intent


@dataclass(frozen=True, slots=True)
class Shift:
    """Who meets customers from ``begins`` to ``ends`` (``HH:MM`` in the shop's zone; over midnight where it ends first).

    ``members``: names of staff as typed, here and below.
    """

    begins: str
    ends: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelList(Intent):
    """``渠道``: all of them with what came of them."""


@dataclass(frozen=True, slots=True)
class ChannelShow(Intent):
    """``渠道 看 门店海报``: its code, settings and numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class ChannelNew(Intent):
    """``渠道 新建 门店海报 欢迎语 … 标签 … 账号 corp 店员 … 上限 50 备用 … 时间 …``."""

    name: str
    welcome: str = ""
    tags: tuple[str, ...] = ()
    account: str = ""
    members: tuple[str, ...] = ()
    cap: int = 0
    spare: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelChange(Intent):
    """``渠道 改 门店海报 …``: None = stays; an empty value (``无``, ``不限``) takes it away."""

    name: str
    welcome: str | None = None
    tags: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    cap: int | None = None
    spare: tuple[str, ...] | None = None
    shifts: tuple[Shift, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChannelSwitch(Intent):
    """``渠道 停 门店海报``, ``渠道 开 门店海报``."""

    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class ChannelDelete(Intent):
    """``渠道 删除 门店海报``."""

    name: str
