"""The people with a phone: who follows, who is blocked, what they allow, and their page in the account's eyes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .chance import Chance
from .errors import Refused
from .windows import Bucket

COLORS = ("#5b8c5a", "#c0764a", "#4a7fb5", "#a4589a", "#c05b5b", "#4a9c95", "#8a7a3f", "#6a6fc0", "#7d7d7d", "#b0883a")
HABITS = ("answers", "ignores", "unfollows", "asks_price", "buyer", "quiet")
ROLES = ("merchant", "customer")


@dataclass(slots=True)
class Fan:
    """One person; on the wire everybody is a fan, `role` is a label for the phone page.

    `tags` stand in the order they were given (a conditional menu matches by the last one); `buckets` are the open
    allowances for customer messages; `accepts` counts subscribe notices that may still be sent, by template.
    """

    openid: str
    name: str
    role: str = "customer"
    habit: str | None = None
    color: str = COLORS[0]
    client: int = 1  # client_platform_type: 1 iOS, 2 Android, 3 others
    follows: bool = False
    followed_before: bool = False
    blocked: bool = False
    refuses: bool = False
    unionid: str = ""  # where the account shares a developer account with the company
    minor: bool = False
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    tags_busy_until: float = 0.0
    buckets: dict[str, Bucket] = field(default_factory=dict)
    accepts: dict[str, int] = field(default_factory=dict)
    subscribed_at: int = 0
    subscribe_scene: str = "ADD_SCENE_SEARCH"
    qr_scene: int = 0
    qr_scene_str: str = ""
    mass_month: str = ""
    mass_count: int = 0
    unread: int = 0
    received: int = 0
    exchange_at: float = 0.0
    typing_until: float = 0.0
    reacting: bool = False
    reacted_at: float = 0.0
    last_text: str | None = None
    last_at: float = 0.0

    def dump(self) -> dict[str, Any]:
        """What is not as on the first day; with thousands of people that is most of the state file."""
        saved: dict[str, Any] = {"openid": self.openid, "name": self.name}
        for name, usual in _USUAL.items():
            value = getattr(self, name)
            if value != usual:
                saved[name] = value
        if self.buckets:
            saved["buckets"] = {kind: [bucket.left, bucket.until] for kind, bucket in self.buckets.items()}
        return saved

    @classmethod
    def load(cls, saved: dict[str, Any]) -> "Fan":
        buckets = {kind: Bucket(left, until) for kind, (left, until) in saved.get("buckets", {}).items()}
        return cls(**(saved | {"buckets": buckets}))


_USUAL = {name: getattr(Fan("", ""), name) for name in Fan.__slots__[2:]}


class Fans:
    """Everybody by openid, and the followers in the order they came. The caller holds the platform's lock."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._everybody: dict[str, Fan] = {}
        self._followers: dict[str, None] = {}
        self._followers_in_order: list[str] | None = None

    def __iter__(self) -> Iterator[Fan]:
        return iter(self._everybody.values())

    def __len__(self) -> int:
        return len(self._everybody)

    def add(self, name: str, *, role: str = "customer", habit: str | None = None) -> Fan:
        number = len(self._everybody) + 1
        openid = "o" + self._chance.letters(27, "openid", number)
        client = 1 + self._chance.about("client", number).choices((0, 1, 2), (45, 50, 5))[0]
        fan = Fan(openid, name, role, habit, COLORS[number % len(COLORS)], client)
        self._everybody[openid] = fan
        return fan

    def find(self, openid: str) -> Fan | None:
        return self._everybody.get(openid)

    def known(self, openid: object, refusal: int = 40003) -> Fan:
        """The fan of an openid in a call; `Refused` with `refusal` when it is nobody of this account."""
        fan = self._everybody.get(openid) if isinstance(openid, str) else None
        if fan is None:
            raise Refused(refusal)
        return fan

    def follow(self, fan: Fan, now: float, scene: str | int | None = None) -> None:
        """Add to the followers; `scene` of a parametric QR is a number or text, as it was created."""
        fan.follows = fan.followed_before = True
        fan.subscribed_at = int(now)
        fan.subscribe_scene = "ADD_SCENE_SEARCH" if scene is None else "ADD_SCENE_QR_CODE"
        fan.qr_scene = scene if isinstance(scene, int) else 0
        fan.qr_scene_str = scene if isinstance(scene, str) else ""
        self._followers[fan.openid] = None
        self._followers_in_order = None

    def unfollow(self, fan: Fan) -> None:
        fan.follows = False
        fan.buckets.clear()
        self._followers.pop(fan.openid, None)
        self._followers_in_order = None

    def followers(self) -> list[str]:
        """Openids in the order of following; the list is shared and must not be changed."""
        if self._followers_in_order is None:
            self._followers_in_order = list(self._followers)
        return self._followers_in_order

    def dump(self) -> dict[str, Any]:
        return {"people": [fan.dump() for fan in self], "followers": self.followers()}

    def load(self, saved: dict[str, Any]) -> None:
        self._everybody = {person["openid"]: Fan.load(person) for person in saved["people"]}
        self._followers = dict.fromkeys(saved["followers"])
        self._followers_in_order = None
