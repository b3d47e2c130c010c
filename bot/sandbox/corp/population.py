"""Who is there from the start of a rehearsal: three members, people around them, a group, tags of the admin console."""

from typing import TYPE_CHECKING, Any

from bot.sandbox.population import name_of

from . import friends, rooms
from .people import Member

if TYPE_CHECKING:
    from .company import Company

MEMBERS = (("laoban", "老板娘"), ("xiaoli", "店员小李"), ("xiaochen", "店员小陈"))
# How many of ten customers belong to each member; every eighth has a second one.
SHARES = (5, 3, 2)
SECOND = 8
FANS_TOO = 0.3  # so many of them are people of the Official Account side
TAGS = {"客户等级": ("普通", "重要", "核心"), "来源": ("门店", "朋友介绍")}
GROUP, GROUP_PEOPLE = "老客福利群", 12
DAY = 86400


def settle_in(company: "Company", count: int, *, friendly: int = 0) -> None:
    """Three members, a group of theirs, and so many people outside, of whom the first `friendly` are customers from
    before; nobody is told. With a count of 0 nobody at all."""
    if not count:
        return
    members = [company.add_member(userid, name) for userid, name in MEMBERS]
    worn = [_make_tags(company, group, names) for group, names in TAGS.items()]
    now = company.platform.clock.now()
    fans = [fan for fan in company.platform.fans if fan.role == "customer"][: int(count * FANS_TOO)]
    taken = {fan.name for fan in company.platform.fans}
    for number in range(count):
        dice = company.chance.about("company", number)
        name = fans[number].name if number < len(fans) else name_of(dice, taken)
        taken.add(name)
        contact = company.new_contact(name)
        if number < len(fans):
            company.same_person(contact, fans[number])
        if number >= friendly:
            continue
        for member in _members_of(company, number):
            since = now - dice.randrange(3, 400) * DAY - dice.randrange(DAY)
            tags = [dice.choice(group) for group in worn if dice.random() < 0.4]
            remark = f"{name} {dice.choice(('裙子M', '爱喝茶', '带孩子', '周末来'))}" if dice.random() < 0.3 else ""
            friends.befriend(company, member, contact, since=since, remark=remark, tags=tags)
    mine = [friend.external_userid for friend in company.customers_of(members[0].userid)][:GROUP_PEOPLE]
    rooms.create(company, members[0], GROUP, [members[1].userid, *mine], quiet=True, since=now - 90 * DAY)


def add_all(company: "Company", count: int | None) -> int:
    """People outside add a member one after another; returns how many will."""
    strangers = [contact for contact in company.contacts.values() if not company.knows(contact)]
    coming = strangers if count is None else strangers[:count]
    for number, contact in enumerate(coming):
        wait = company.limits["follow_gap_seconds"] * number
        company.platform.later(wait, "corp_add", {"id": contact.external_userid, "turn": number})
    return len(coming)


def add(company: "Company", detail: dict[str, Any]) -> None:
    contact = company.contacts[detail["id"]]
    if not company.knows(contact) and company.members:
        friends.add(company, _members_of(company, detail["turn"])[0], contact)


def _members_of(company: "Company", number: int) -> list[Member]:
    """Whose customer somebody of this number is; every eighth has two members."""
    members = [member for member in company.members.values() if member.serves]
    turns = [member for member, share in zip(members, SHARES, strict=False) for _ in range(share)]
    first = turns[number % len(turns)]
    return [first, members[(members.index(first) + 1) % len(members)]] if number % SECOND == 7 else [first]


def _make_tags(company: "Company", group: str, names: tuple[str, ...]) -> list[str]:
    now = company.platform.clock.now() - 200 * DAY
    inside = company.tags.new_group(group, now, own=False)
    return [company.tags.new_tag(inside, name, now, own=False).id for name in names]
