"""Corp tags (企业客户标签): groups, the tags in them, and putting them on a member's customers.

Source: WeCom manual, page 92696 and 92697. An app changes only tags it made itself.
"""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.chance import Chance

from .calls import corp_endpoint, ids, objects, text, whole
from .codes import refused
from .contacts import of_member

if TYPE_CHECKING:
    from .company import Company

NAME = 30
TAGS = 10_000
ON_ONE_CUSTOMER = 3000


@dataclass(slots=True)
class Tag:
    """One tag; `own` where the app made it."""

    id: str
    name: str
    created: int
    order: int = 0
    own: bool = True

    def answer(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "create_time": self.created, "order": self.order, "deleted": False}


@dataclass(slots=True)
class TagGroup:
    id: str
    name: str
    created: int
    order: int = 0
    own: bool = True
    tags: list[Tag] = field(default_factory=list)

    def answer(self, tags: list[Tag]) -> dict[str, Any]:
        shown = {"group_id": self.id, "group_name": self.name, "create_time": self.created, "order": self.order}
        return shown | {"deleted": False, "tag": [tag.answer() for tag in tags]}


class CorpTags:
    """All groups with their tags. A group without tags does not exist."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._count = 0
        self.groups: list[TagGroup] = []

    def tag(self, tag_id: str) -> tuple[TagGroup, Tag] | None:
        return next(((group, tag) for group in self.groups for tag in group.tags if tag.id == tag_id), None)

    def group(self, group_id: str) -> TagGroup | None:
        return next((group for group in self.groups if group.id == group_id), None)

    def named(self, name: str) -> TagGroup | None:
        return next((group for group in self.groups if group.name == name), None)

    def new_group(self, name: str, now: float, *, own: bool) -> TagGroup:
        group = TagGroup(self._id(), name, int(now), own=own)
        self.groups.append(group)
        return group

    def new_tag(self, group: TagGroup, name: str, now: float, *, own: bool, order: int = 0) -> Tag:
        """The tag of this name in the group, made if there is none."""
        found = next((tag for tag in group.tags if tag.name == name), None)
        if found is None:
            found = Tag(self._id(), name, int(now), order, own)
            group.tags.append(found)
        return found

    def drop(self, tag_ids: set[str]) -> None:
        """Take tags out, and groups that become empty by it."""
        for group in self.groups:
            group.tags = [tag for tag in group.tags if tag.id not in tag_ids]
        self.groups = [group for group in self.groups if group.tags]

    def count(self) -> int:
        return sum(len(group.tags) for group in self.groups)

    def dump(self) -> dict[str, Any]:
        return {"count": self._count, "groups": [asdict(group) for group in self.groups]}

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self.groups = [
            TagGroup(**(group | {"tags": [Tag(**tag) for tag in group["tags"]]})) for group in saved["groups"]
        ]

    def _id(self) -> str:
        self._count += 1
        return "et" + self._chance.letters(30, "corp tag", self._count)


@corp_endpoint("POST", "externalcontact/get_corp_tag_list", body="optional")
def list_tags(company: "Company", ask: Ask) -> dict[str, Any]:
    """All, or those of the named groups, or the named ones; groups win where both are named."""
    groups = ids(ask.body, "group_id", most=1000, needed=False)
    tags = [] if groups else ids(ask.body, "tag_id", most=1000, needed=False)
    shown = [
        (group, [tag for tag in group.tags if not tags or tag.id in tags])
        for group in company.tags.groups
        if not groups or group.id in groups
    ]
    return {"tag_group": [group.answer(inside) for group, inside in shown if inside]}


@corp_endpoint("POST", "externalcontact/add_corp_tag")
def add_tags(company: "Company", ask: Ask) -> dict[str, Any]:
    """Into a group by id or name; a name that is there already is used again."""
    wanted = objects(ask.body, "tag", most=100)
    if not wanted:
        raise refused(40063)
    names = list(dict.fromkeys(text(tag, "name", characters=NAME) for tag in wanted))
    group_id = text(ask.body, "group_id", needed=False)
    group_name = text(ask.body, "group_name", characters=NAME, needed=not group_id)
    if company.tags.count() + len(names) > TAGS:
        raise refused(40058)
    group = company.tags.group(group_id) if group_id else company.tags.named(group_name)
    if group is None:
        if group_id:
            raise refused(40068)
        group = company.tags.new_group(group_name, ask.now, own=True)
    orders = {tag["name"]: whole(tag, "order", 0) for tag in wanted}
    added = [company.tags.new_tag(group, name, ask.now, own=True, order=orders[name]) for name in names]
    company.changed("tags", None)
    return {"tag_group": group.answer(added)}


@corp_endpoint("POST", "externalcontact/edit_corp_tag")
def edit_tag(company: "Company", ask: Ask) -> dict[str, Any]:
    """A tag's or group's name and order: `Refused` 40068 unknown, 60011 not the app's own, 40071 a taken name."""
    name = text(ask.body, "name", characters=NAME, needed=False)
    subject = _own(company, text(ask.body, "id"))
    if name:
        rivals = company.tags.groups if isinstance(subject, TagGroup) else _group_of(company, subject).tags
        if any(rival.name == name and rival.id != subject.id for rival in rivals):
            raise refused(40071)
        subject.name = name
    subject.order = whole(ask.body, "order", subject.order)
    company.changed("tags", None)
    return {}


@corp_endpoint("POST", "externalcontact/del_corp_tag")
def delete_tags(company: "Company", ask: Ask) -> dict[str, Any]:
    tags = ids(ask.body, "tag_id", most=1000, needed=False)
    groups = ids(ask.body, "group_id", most=1000, needed=False)
    if not tags and not groups:
        raise refused(40063)
    doomed = {_own(company, tag_id).id for tag_id in tags}
    for group_id in groups:
        group = _own(company, group_id)
        doomed |= {tag.id for tag in group.tags} if isinstance(group, TagGroup) else set()
    forget(company, doomed)
    return {}


@corp_endpoint("POST", "externalcontact/mark_tag")
def mark(company: "Company", ask: Ask) -> dict[str, Any]:
    """Put tags on a member's customer and take others off: 40068 for a tag there is not."""
    member = company.serving(text(ask.body, "userid"))
    external_userid = text(ask.body, "external_userid")
    added = ids(ask.body, "add_tag", most=ON_ONE_CUSTOMER, needed=False)
    removed = ids(ask.body, "remove_tag", most=ON_ONE_CUSTOMER, needed=False)
    if not added and not removed:
        raise refused(40058)
    friend = of_member(company, member.userid, external_userid)
    if any(company.tags.tag(tag_id) is None for tag_id in [*added, *removed]):
        raise refused(40068)
    kept = [tag_id for tag_id in friend.tags if tag_id not in removed]
    worn = list(dict.fromkeys([*kept, *added]))
    if len(worn) > ON_ONE_CUSTOMER:
        raise refused(40058)
    friend.tags = worn
    company.changed("contact", company.contacts[external_userid])
    return {}


def forget(company: "Company", tag_ids: set[str]) -> None:
    """Tags that are no more, and are worn by nobody any more."""
    company.tags.drop(tag_ids)
    for friends in company.friends.values():
        for friend in friends.values():
            friend.tags = [tag_id for tag_id in friend.tags if tag_id not in tag_ids]
    company.changed("tags", None)


def _own(company: "Company", tag_id: str) -> Tag | TagGroup:
    found = company.tags.tag(tag_id)
    subject: Tag | TagGroup | None = found[1] if found is not None else company.tags.group(tag_id)
    if subject is None:
        raise refused(40068)
    if not subject.own:
        raise refused(60011)
    return subject


def _group_of(company: "Company", tag: Tag | TagGroup) -> TagGroup:
    return next(group for group in company.tags.groups if any(inside.id == tag.id for inside in group.tags))
