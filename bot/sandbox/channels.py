"""Parametric QR codes (带参二维码): tickets by scene, their life, their picture.

Source: vendor manual, Generating_a_Parametric_QR_Code (service accounts).
"""

import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .chance import Chance
from .errors import Refused
from .limits import Limits
from .media import paint

if TYPE_CHECKING:
    from .platform import Platform

Scene = str | int
DEFAULT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Channel:
    """One code; `expires_at` None is a permanent one."""

    scene: Scene
    ticket: str
    url: str
    expires_at: float | None


class Channels:
    """Codes by ticket and by scene. The caller holds the platform's lock."""

    def __init__(self, chance: Chance, limits: Limits) -> None:
        self._chance = chance
        self._limits = limits
        self._count = 0
        self._by_ticket: dict[str, Channel] = {}
        self._by_scene: dict[str, Channel] = {}

    def create(self, scene: Scene, expires_at: float | None) -> Channel:
        """A permanent code of the same scene is given again; a new one above 100,000 gets 40053."""
        known = self._by_scene.get(str(scene))
        if expires_at is None and known is not None and known.expires_at is None and known.scene == scene:
            return known
        if expires_at is None and len(self.permanent()) >= self._limits["qr_permanent"]:
            raise Refused(40053)
        self._count += 1
        ticket = "gQ" + self._chance.letters(94, "ticket", self._count) + "=="
        link = "http://weixin.qq.com/q/" + self._chance.letters(22, "link", self._count)
        channel = Channel(scene, ticket, link, expires_at)
        self._by_ticket[ticket] = self._by_scene[str(scene)] = channel
        return channel

    def permanent(self) -> list[Channel]:
        return [channel for channel in self._by_ticket.values() if channel.expires_at is None]

    def of_ticket(self, ticket: str, now: float) -> Channel | None:
        return _living(self._by_ticket.get(ticket), now)

    def of_scene(self, scene: Scene, now: float) -> Channel | None:
        return _living(self._by_scene.get(str(scene)), now)

    def on_page(self) -> list[dict[str, Any]]:
        return [asdict(channel) | {"permanent": channel.expires_at is None} for channel in self._by_scene.values()]

    def dump(self) -> dict[str, Any]:
        return {"count": self._count, "channels": [asdict(channel) for channel in self._by_ticket.values()]}

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self._by_ticket = {entry["ticket"]: Channel(**entry) for entry in saved["channels"]}
        self._by_scene = {str(channel.scene): channel for channel in self._by_ticket.values()}


def _living(channel: Channel | None, now: float) -> Channel | None:
    if channel is None or (channel.expires_at is not None and channel.expires_at <= now):
        return None
    return channel


def _scene_of(ask: Ask, *, text: bool, permanent: bool) -> Scene:
    action = ask.body.get("action_info")
    scene = action.get("scene") if isinstance(action, dict) else None
    if not isinstance(scene, dict):
        raise Refused(40053)
    if text:
        value = scene.get("scene_str")
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise Refused(40053)
        return value
    number = scene.get("scene_id")
    most = 100_000 if permanent else 2**32 - 1
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise Refused(40053)
    return number


@endpoint("POST", "/cgi-bin/qrcode/create", day=100_000, service=True)
def create_channel(platform: "Platform", ask: Ask) -> dict[str, Any]:
    name = ask.body.get("action_name")
    if name not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"):
        raise Refused(40052)
    permanent = "LIMIT" in name
    scene = _scene_of(ask, text="STR" in name, permanent=permanent)
    if permanent:
        channel = platform.channels.create(scene, None)
        return {"ticket": channel.ticket, "url": channel.url}
    seconds = ask.number("expire_seconds") if "expire_seconds" in ask.body else DEFAULT_SECONDS
    if not 1 <= seconds <= platform.limits["qr_temporary_seconds"]:
        raise Refused(40053)
    channel = platform.channels.create(scene, ask.now + seconds)
    return {"ticket": channel.ticket, "expire_seconds": seconds, "url": channel.url}


def picture_of(platform: "Platform", ticket: str) -> bytes | None:
    """The PNG behind showqrcode, None for an unknown or expired ticket. It looks like a code and cannot be scanned."""
    channel = platform.channels.of_ticket(ticket, platform.clock.now())
    return None if channel is None else paint(zlib.crc32(channel.url.encode()))
