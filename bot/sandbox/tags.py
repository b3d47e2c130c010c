"""Tags (标签) of the account and on its fans.

Source: vendor manual, User_Tag_Management; errors and limits as read by MudWechat in 2026-10.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .errors import Refused
from .fans import Fan
from .limits import Limits

if TYPE_CHECKING:
    from .platform import Platform

SYSTEM_TAGS = (0, 1, 2)
STARRED = 2


@dataclass(slots=True)
class Tag:
    id: int
    name: str
    members: dict[str, None] = field(default_factory=dict)


class Tags:
    """All tags by id. The caller holds the platform's lock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._next_id = 100
        self._tags: dict[int, Tag] = {STARRED: Tag(STARRED, "星标组")}

    def __iter__(self) -> Any:
        return iter(self._tags.values())

    def names(self, fan: Fan) -> list[str]:
        return [self._tags[tag_id].name for tag_id in fan.tags]

    def find(self, tag_id: int, refusal: int = 45159) -> Tag:
        tag = self._tags.get(tag_id)
        if tag is None:
            raise Refused(refusal)
        return tag

    def create(self, name: str) -> Tag:
        self._check_name(name)
        if len(self._tags) - 1 >= self._limits["tags_per_account"]:
            raise Refused(45056)
        tag = Tag(self._next_id, name)
        self._next_id += 1
        self._tags[tag.id] = tag
        return tag

    def rename(self, tag: Tag, name: str) -> None:
        if name != tag.name:
            self._check_name(name)
            tag.name = name

    def delete(self, tag: Tag, fans: list[Fan]) -> None:
        for fan in fans:
            fan.tags.remove(tag.id)
        del self._tags[tag.id]

    def give(self, tag: Tag, fan: Fan) -> None:
        if tag.id not in fan.tags:
            fan.tags.append(tag.id)
            tag.members[fan.openid] = None

    def take(self, tag: Tag, fan: Fan) -> None:
        if tag.id in fan.tags:
            fan.tags.remove(tag.id)
            tag.members.pop(fan.openid, None)

    def forget(self, fan: Fan) -> None:
        """Who unfollows loses the tags (field experience; the manual is silent)."""
        for tag_id in fan.tags:
            self._tags[tag_id].members.pop(fan.openid, None)
        fan.tags.clear()

    def _check_name(self, name: str) -> None:
        if len(name) > self._limits["tag_name_characters"]:
            raise Refused(45158)
        if not name.strip() or any(tag.name == name for tag in self._tags.values()):
            raise Refused(45157)

    def dump(self) -> dict[str, Any]:
        tags = [[tag.id, tag.name, list(tag.members)] for tag in self._tags.values()]
        return {"next_id": self._next_id, "tags": tags}

    def load(self, saved: dict[str, Any]) -> None:
        self._next_id = saved["next_id"]
        self._tags = {tag_id: Tag(tag_id, name, dict.fromkeys(members)) for tag_id, name, members in saved["tags"]}


def _tag_fields(ask: Ask) -> dict[str, Any]:
    tag = ask.body.get("tag")
    if not isinstance(tag, dict):
        raise Refused(40035)
    return tag


def _name_of(fields: dict[str, Any]) -> str:
    name = fields.get("name")
    if not isinstance(name, str):
        raise Refused(45157)
    return name


def _own_tag(platform: "Platform", tag_id: object) -> Tag:
    if isinstance(tag_id, str) and tag_id.isascii() and tag_id.isdigit():
        tag_id = int(tag_id)
    if isinstance(tag_id, bool) or not isinstance(tag_id, int):
        raise Refused(45159)
    if tag_id in SYSTEM_TAGS:
        raise Refused(45058)
    return platform.tags.find(tag_id)


@endpoint("POST", "/cgi-bin/tags/create", day=1000)
def create_tag(platform: "Platform", ask: Ask) -> dict[str, Any]:
    tag = platform.tags.create(_name_of(_tag_fields(ask)))
    return {"tag": {"id": tag.id, "name": tag.name}}


@endpoint("GET", "/cgi-bin/tags/get", day=1000)
def list_tags(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    return {"tags": [{"id": tag.id, "name": tag.name, "count": len(tag.members)} for tag in platform.tags]}


@endpoint("POST", "/cgi-bin/tags/update", day=1000)
def rename_tag(platform: "Platform", ask: Ask) -> dict[str, Any]:
    fields = _tag_fields(ask)
    platform.tags.rename(_own_tag(platform, fields.get("id")), _name_of(fields))
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/tags/delete", day=1000)
def delete_tag(platform: "Platform", ask: Ask) -> dict[str, Any]:
    tag = _own_tag(platform, _tag_fields(ask).get("id"))
    if len(tag.members) > platform.limits["tag_delete_fans"]:
        raise Refused(45057)
    platform.tags.delete(tag, [platform.fans.known(openid) for openid in tag.members])
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/user/tag/get")
def list_tagged_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """One page of a tag; `next_openid` is the page's last openid even when it is the last page."""
    tag = platform.tags.find(ask.number("tagid", 45159))
    openids = list(tag.members)
    page = page_after(openids, ask.body.get("next_openid"), platform.limits.count("user_page"))
    if not page:
        return {"count": 0, "next_openid": ""}
    return {"count": len(page), "data": {"openid": page}, "next_openid": page[-1]}


@endpoint("POST", "/cgi-bin/tags/members/batchtagging", day=100_000)
def tag_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """All or nothing: 49003 for a foreign openid, 45059 for who has 20 tags; 45171 only by a fault rule."""
    openids, tag = _members_call(platform, ask)
    fans = [_changeable(platform, openid, ask.now) for openid in openids]
    most = platform.limits["tags_per_fan"]
    if any(len(fan.tags) >= most and tag.id not in fan.tags for fan in fans):
        raise Refused(45059)
    return _change(platform, ask, fans, lambda fan: platform.tags.give(tag, fan))


@endpoint("POST", "/cgi-bin/tags/members/batchuntagging", day=100_000)
def untag_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    openids, tag = _members_call(platform, ask)
    fans = [_changeable(platform, openid, ask.now) for openid in openids]
    return _change(platform, ask, fans, lambda fan: platform.tags.take(tag, fan))


@endpoint("POST", "/cgi-bin/tags/getidlist")
def list_tags_of_fan(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return {"tagid_list": list(platform.fans.known(ask.text("openid", 41009)).tags)}


def page_after(openids: list[str], last: object, size: int) -> list[str]:
    """The page behind openid `last` (from the start when empty); 40003 when it is not in the list."""
    if last in (None, ""):
        return openids[:size]
    try:
        start = openids.index(last) + 1  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused(40003) from error
    return openids[start : start + size]


def _members_call(platform: "Platform", ask: Ask) -> tuple[list[str], Tag]:
    openids = ask.openids(platform.limits.count("tag_batch"))
    return openids, _own_tag(platform, ask.body.get("tagid"))


def _changeable(platform: "Platform", openid: str, now: float) -> Fan:
    fan = platform.fans.known(openid, 49003)
    if not fan.follows:
        raise Refused(43004)
    if now < fan.tags_busy_until:
        raise Refused(45169)
    return fan


def _change(platform: "Platform", ask: Ask, fans: list[Fan], change: Any) -> dict[str, Any]:
    partial = ask.twists.get("partial")
    done = len(fans) if partial is None else min(int(partial.get("done", 0)), len(fans))
    for fan in fans[:done]:
        change(fan)
        fan.tags_busy_until = ask.now + platform.limits["tag_change_seconds"]
        platform.person_changed(fan)
    if partial is not None:
        refused = [fan.openid for fan in fans[done:]]
        raise Refused(int(partial.get("errcode", 45171)), fail_openid_list=refused)
    return {"errcode": 0, "errmsg": "ok"}
