"""What the platform tells of the people who follow an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PEOPLE_A_CALL = 100


@dataclass(frozen=True, slots=True)
class FanPage:
    """Up to 10,000 followers. ``next``: what to ask for the following page, ``""`` on the last one."""

    people: tuple[str, ...]
    next: str
    total: int


@dataclass(frozen=True, slots=True)
class Fan:
    """One person as the platform knows them; names and pictures are not told since 2021.

    Who does not follow has nothing but ``person_id`` and perhaps ``union_id``. ``scene``: of the channel code followed
    by. ``found_by``: the platform's word for how (``ADD_SCENE_QR_CODE`` …).
    """

    person_id: str
    follows: bool
    followed_at: datetime | None = None
    remark: str = ""
    tag_ids: tuple[int, ...] = ()
    scene: str = ""
    found_by: str = ""
    union_id: str = ""


def page_of(body: dict[str, Any], after: str) -> FanPage:
    """A final page may come without rows while still naming somebody; a page that points at itself ends it too."""
    listed = body.get("data") or {}
    people = tuple(person for person in listed.get("openid") or () if isinstance(person, str))
    following = body.get("next_openid") or ""
    if not people or following == after:
        following = ""
    return FanPage(people, following, int(body.get("total") or 0))


def fan_of(row: dict[str, Any]) -> Fan:
    if str(row.get("subscribe")) != "1":
        return Fan(row["openid"], follows=False, union_id=row.get("unionid") or "")
    since = row.get("subscribe_time")
    return Fan(
        person_id=row["openid"],
        follows=True,
        followed_at=datetime.fromtimestamp(int(since), UTC) if since else None,
        remark=row.get("remark") or "",
        tag_ids=tuple(int(number) for number in row.get("tagid_list") or ()),
        scene=row.get("qr_scene_str") or str(row.get("qr_scene") or ""),
        found_by=row.get("subscribe_scene") or "",
        union_id=row.get("unionid") or "",
    )
