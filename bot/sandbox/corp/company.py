"""One company (企业) with its app, its people and what is on its phones, beside the Official Account.

All rooms stand behind the platform's lock; what people do is in friends.py, desk.py, tasks.py and chats.py.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox.fans import COLORS
from bot.sandbox.phones import Message, Parcel, Phones

from .calls import CORP_ENDPOINTS
from .cards import Cards
from .chats import Chats
from .codes import refused
from .people import HALF, Chat, Contact, Friend, Member
from .pushes import CorpPushes
from .quotas import CorpQuotas
from .robots import Robot
from .tags import CorpTags
from .tasks import Tasks
from .tokens import CorpTokens
from .ways import Ways
from .welcome import Welcomes

if TYPE_CHECKING:
    from bot.sandbox.calls import Ask
    from bot.sandbox.fans import Fan
    from bot.sandbox.phones import Holder
    from bot.sandbox.platform import Platform
    from bot.sandbox.transport import Transport

RECEIVE_RULES = ("month_days", "seven_a_week", "one_a_day")


class Company:
    """The company of a platform.

    `friends` are by member and contact; `phones` shows what reached members, contacts, groups and the robot's group,
    and is the ledger of it. The caller holds the platform's lock.
    """

    def __init__(self, platform: "Platform", transport: "Transport") -> None:
        self.platform = platform
        self.account: dict[str, Any] = platform.settings.corp_account()
        self.limits = platform.limits
        self.chance = platform.chance
        self.members: dict[str, Member] = {}
        self.contacts: dict[str, Contact] = {}
        self.friends: dict[str, dict[str, Friend]] = {}
        self.phones = Phones(platform.clock.now, platform.stream, "corp_message")
        self.tokens = CorpTokens(self.limits)
        self.quotas = CorpQuotas(self.limits)
        self.cards = Cards()
        self.tags = CorpTags(self.chance)
        self.ways = Ways(self.chance)
        self.welcomes = Welcomes()
        self.tasks = Tasks()
        self.chats = Chats()
        self.robots = {platform.settings.robot_key: Robot(platform.settings.robot_key)}
        self.media: set[str] = set()
        self.sent: dict[str, dict[str, Any]] = {}  # messages of the app by msgid, for taking back
        self.prints: dict[str, float] = {}  # when the same JSON went out last
        self.recalled: set[int] = set()
        self.pushes = CorpPushes(platform, self, transport)

    # -- whose call it is ---------------------------------------------------------------------------------------------

    def takes(self, ask: "Ask") -> bool:
        """Whether a call is the company's: some paths both platforms have, there the token decides."""
        if ask.path not in CORP_ENDPOINTS:
            return False
        return ask.path not in self.platform.shared_paths or self.tokens.knows(ask.query.get("access_token"))

    def guard(self, ask: "Ask") -> None:
        """Everything that is checked before an interface looks at the call, in the platform's order."""
        entry, account = CORP_ENDPOINTS[ask.path], self.account
        if ask.method != entry.method:
            raise refused(43001 if entry.method == "GET" else 43002)
        owner = "" if entry.right == "none" else self.tokens.owner(ask.query.get("access_token"), ask.now)
        if account["allowlist"] is not None and ask.address not in account["allowlist"]:
            raise refused(60020)
        if account["frozen"]:
            raise refused(50003)
        if ask.path in account["banned"]:
            raise refused(48004)
        if entry.right == "contacts" and owner == "app" and account["contact_secret"]:
            raise refused(48002)
        if entry.right == "app" and owner != "app":
            raise refused(301002)
        self.quotas.count(ask.path, ask.now)
        if entry.body in ("json", "optional"):
            ask.read_body(entry.body)

    def answer(self, ask: "Ask") -> Any:
        """The guarded call's own answer, with the errcode that every answer of this side carries."""
        self.guard(ask)
        result = CORP_ENDPOINTS[ask.path].run(self, ask)
        return {"errcode": 0, "errmsg": "ok"} | result if isinstance(result, dict) else result

    # -- people -------------------------------------------------------------------------------------------------------

    def add_member(self, userid: str, name: str) -> Member:
        member = Member(userid, name, COLORS[len(self.members) % len(COLORS)])
        self.members[userid] = member
        self.friends.setdefault(userid, {})
        self.changed("member", member)
        return member

    def new_contact(self, name: str, *, unionid: str = "", kind: int = 1) -> Contact:
        """A contact nobody of the company knows yet."""
        number = len(self.contacts) + 1
        prefix = "wm" if kind == 1 else "wo"
        external_userid = prefix + self.chance.letters(30, "contact", number)
        contact = Contact(external_userid, name, unionid, kind, COLORS[(number + 3) % len(COLORS)])
        self.contacts[external_userid] = contact
        self.changed("contact", contact)
        return contact

    def same_person(self, contact: Contact, fan: "Fan") -> None:
        """The contact is that fan of the Official Account: both have one unionid."""
        unionid = fan.unionid or "o" + self.chance.letters(27, "unionid", fan.openid)
        fan.unionid = contact.unionid = unionid

    def seen_member(self, userid: object) -> Member:
        """A member in a call: `Refused` 60111 unknown, 60011 outside the app's range."""
        member = self.members.get(userid) if isinstance(userid, str) else None
        if member is None:
            raise refused(60111)
        if not member.visible:
            raise refused(60011)
        return member

    def serving(self, userid: object) -> Member:
        """A member with the right to customer contact: `Refused` 84074 without it."""
        member = self.seen_member(userid)
        if not member.serves:
            raise refused(84074)
        return member

    def known_contact(self, external_userid: object) -> Contact:
        contact = self.contacts.get(external_userid) if isinstance(external_userid, str) else None
        if contact is None:
            raise refused(40096)
        return contact

    def friend(self, userid: str, external_userid: str) -> Friend | None:
        """What the platform's interfaces see between two: a half-added contact is not there yet."""
        friend = self.friends.get(userid, {}).get(external_userid)
        return None if friend is None or friend.relation == HALF else friend

    def customers_of(self, userid: str) -> list[Friend]:
        return [friend for friend in self.friends.get(userid, {}).values() if friend.relation != HALF]

    def knows(self, contact: Contact) -> bool:
        """Whether a member has anything with this contact."""
        return any(contact.external_userid in friends for friends in self.friends.values())

    def friends_of(self, external_userid: str) -> list[Friend]:
        """All that visible serving members have with one contact."""
        found = (self.friend(member.userid, external_userid) for member in self.members.values() if member.visible)
        return [friend for friend in found if friend is not None]

    # -- what is seen -------------------------------------------------------------------------------------------------

    def show(
        self, holder: "Holder", parcel: Parcel, *, via: str, sender: str = "account", call_id: int | None = None
    ) -> Message:
        """Put something on a phone. What is shown as the `company` itself is no message and stands in no ledger."""
        return self.phones.show(holder, parcel, sender=sender, via=via, call_id=call_id)

    def changed(self, kind: str, subject: Any) -> None:
        self.platform.dirty = True
        self.platform.stream.tell(f"corp_{kind}", subject)

    def holder(self, key: str) -> "Member | Contact | Chat | Robot | None":
        """Whoever a chat of `phones` belongs to."""
        for room in (self.members, self.contacts, self.chats.all):
            found = room.get(key)
            if found is not None:
                return found
        return next((robot for robot in self.robots.values() if robot.openid == key), None)
