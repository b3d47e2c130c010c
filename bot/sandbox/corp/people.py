"""Who belongs to a company: its members, the contacts (customers) of each, and the groups they sit in together."""

from dataclasses import dataclass, field

from bot.sandbox.fans import COLORS

BOTH, LEFT, HALF = "both", "left", "half"


@dataclass(slots=True)
class Member:
    """Somebody of the staff. `visible`: inside the app's range; `serves`: has the right to customer contact;
    `console_welcome`: the admin console already greets this member's new customers."""

    userid: str
    name: str
    color: str = COLORS[0]
    visible: bool = True
    activated: bool = True
    serves: bool = True
    console_welcome: bool = False
    unread: int = 0
    received: int = 0
    last_text: str | None = None
    last_at: float = 0.0
    minute: list[int] = field(default_factory=lambda: [0, 0])  # which minute (hour), and messages of the app in it
    hour: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def openid(self) -> str:
        return self.userid


@dataclass(slots=True)
class Contact:
    """A customer outside. `kind` 1: a WeChat user, 2: somebody with WeCom; `unionid` is shared with an Official Account
    where both belong to one developer account. `mass` holds the moments of group-send messages."""

    external_userid: str
    name: str
    unionid: str = ""
    kind: int = 1
    color: str = COLORS[0]
    mass: list[float] = field(default_factory=list)
    unread: int = 0
    received: int = 0
    last_text: str | None = None
    last_at: float = 0.0

    @property
    def openid(self) -> str:
        return self.external_userid


@dataclass(slots=True)
class Friend:
    """What a member has with a contact. `relation`: both; left (the contact removed the member, who still has him);
    half (added without verification, not yet both). Where the member removed the contact there is none."""

    userid: str
    external_userid: str
    since: float
    relation: str = BOTH
    state: str = ""
    add_way: int = 1
    remark: str = ""
    description: str = ""
    remark_company: str = ""
    mobiles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    talked_at: float = 0.0
    greeted: bool = False  # by the app, since they know each other


@dataclass(slots=True)
class Seat:
    """Somebody's place in a customer group; `kind` 1 member, 2 contact; `scene` 1 invited, 2 link, 3 QR."""

    id: str
    kind: int
    joined_at: float
    scene: int = 1
    state: str = ""
    invitor: str = ""


@dataclass(slots=True)
class Chat:
    """A customer group (客户群). `earlier` is the state before the last change, for reads that lag behind it."""

    chat_id: str
    name: str
    owner: str
    created_at: float
    notice: str = ""
    seats: dict[str, Seat] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)
    version: int = 1
    dismissed: bool = False
    mass: list[float] = field(default_factory=list)
    earlier: dict[str, Seat] | None = None
    unread: int = 0
    received: int = 0
    last_text: str | None = None
    last_at: float = 0.0

    @property
    def openid(self) -> str:
        return self.chat_id

    @property
    def member_version(self) -> str:
        return f"v{self.version}"

    def turn(self) -> None:
        """The list of people is about to change: remember it as it was, and count."""
        self.earlier = dict(self.seats)
        self.version += 1
