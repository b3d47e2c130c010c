"""Fans in the account's eyes: the list, the single entry, the remark, the blacklist.

Source: vendor manual, usermanage; nickname and picture are not given since 2021-12-27.
"""

from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .errors import Refused
from .fans import Fan
from .tags import page_after

if TYPE_CHECKING:
    from .platform import Platform


def describe(fan: Fan) -> dict[str, Any]:
    """What user/info answers; who does not follow is only an openid."""
    if not fan.follows:
        return {"subscribe": 0, "openid": fan.openid}
    shared = {"unionid": fan.unionid} if fan.unionid else {}
    return shared | {
        "subscribe": 1,
        "openid": fan.openid,
        "language": "",
        "subscribe_time": fan.subscribed_at,
        "remark": fan.remark,
        "groupid": fan.tags[0] if fan.tags else 0,
        "tagid_list": list(fan.tags),
        "subscribe_scene": fan.subscribe_scene,
        "qr_scene": fan.qr_scene,
        "qr_scene_str": fan.qr_scene_str,
    }


@endpoint("GET", "/cgi-bin/user/get", day=500)
def list_followers(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """One page of 10,000; behind the last one a page with count 0, no `data`, an empty `next_openid`."""
    followers = platform.fans.followers()
    size = platform.limits.count("user_page")
    if "endless_paging" in ask.twists:
        page = followers[:size]  # the fault: next_openid never empties and pages repeat
    else:
        page = page_after(followers, ask.query.get("next_openid"), size)
    if not page:
        return {"total": len(followers), "count": 0, "next_openid": ""}
    return {"total": len(followers), "count": len(page), "data": {"openid": page}, "next_openid": page[-1]}


@endpoint("GET", "/cgi-bin/user/info", day=5_000_000)
def show_fan(platform: "Platform", ask: Ask) -> dict[str, Any]:
    openid = ask.query.get("openid")
    if not openid:
        raise Refused(41009)
    return describe(platform.fans.known(openid))


@endpoint("POST", "/cgi-bin/user/info/batchget", day=5_000_000)
def show_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    listed = ask.body.get("user_list")
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise Refused(40035)
    if not 1 <= len(listed) <= platform.limits["user_batch"]:
        raise Refused(40032)
    return {"user_info_list": [describe(platform.fans.known(entry.get("openid"))) for entry in listed]}


@endpoint("POST", "/cgi-bin/user/info/updateremark", day=10_000, service=True)
def remark_fan(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """A remark is shorter than 30 bytes (40092); an empty one clears it."""
    openid, remark = ask.text("openid", 41009), ask.body.get("remark")
    if not isinstance(remark, str) or len(remark.encode()) >= platform.limits["remark_bytes"]:
        raise Refused(40092)
    fan = platform.fans.known(openid)
    if not fan.follows:
        raise Refused(43004)
    fan.remark = remark
    platform.person_changed(fan)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("POST", "/cgi-bin/tags/members/getblacklist", body="optional")
def list_blacklist(platform: "Platform", ask: Ask) -> dict[str, Any]:
    blocked = [fan.openid for fan in platform.fans if fan.blocked]
    page = page_after(blocked, ask.body.get("begin_openid"), platform.limits.count("blacklist_page"))
    answer: dict[str, Any] = {"total": len(blocked), "count": len(page)}
    if page:
        answer["data"] = {"openid": page}
    return answer | {"next_openid": page[-1] if page else ""}


@endpoint("POST", "/cgi-bin/tags/members/batchblacklist")
def block_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return _set_blocked(platform, ask, blocked=True)


@endpoint("POST", "/cgi-bin/tags/members/batchunblacklist")
def unblock_fans(platform: "Platform", ask: Ask) -> dict[str, Any]:
    return _set_blocked(platform, ask, blocked=False)


def _set_blocked(platform: "Platform", ask: Ask, *, blocked: bool) -> dict[str, Any]:
    openids = ask.openids(platform.limits.count("blacklist_batch"))
    for fan in [platform.fans.known(openid, 49003) for openid in openids]:
        fan.blocked = blocked
        platform.person_changed(fan)
    return {"errcode": 0, "errmsg": "ok"}
