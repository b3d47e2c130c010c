"""Customers in the company's eyes: who serves, whose customers they are, one customer's page, a page of many, remarks.

Source: WeCom manual, pages 92113, 92114, 92994, 96317.
"""

from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask

from .calls import corp_endpoint, given, ids, page, text
from .codes import refused
from .people import Contact, Friend

if TYPE_CHECKING:
    from .company import Company


@corp_endpoint("GET", "externalcontact/get_follow_user_list")
def list_servers(company: "Company", _ask: Ask) -> dict[str, Any]:
    members = company.members.values()
    return {"follow_user": [member.userid for member in members if member.visible and member.serves]}


@corp_endpoint("GET", "externalcontact/list")
def list_customers(company: "Company", ask: Ask) -> dict[str, Any]:
    """All customers of a member, without pages; 84061 where there is none."""
    member = company.serving(given(ask, "userid"))
    customers = company.customers_of(member.userid)
    if not customers:
        raise refused(84061)
    return {"external_userid": [friend.external_userid for friend in customers]}


@corp_endpoint("GET", "externalcontact/get")
def show_customer(company: "Company", ask: Ask) -> dict[str, Any]:
    contact = company.known_contact(given(ask, "external_userid"))
    friends = company.friends_of(contact.external_userid)
    if not friends:
        raise refused(84061)
    followers = [_follower(company, friend) | {"tags": _tags(company, friend)} for friend in friends]
    return {"external_contact": _person(contact), "follow_user": followers}


@corp_endpoint("POST", "externalcontact/batch/get_by_user")
def show_customers(company: "Company", ask: Ask) -> dict[str, Any]:
    """One page of up to 100 over several members' customers; 701008 where a fault leaves nobody licensed."""
    members = [company.serving(userid) for userid in ids(ask.body, "userid_list", most=100)]
    unlicensed: list[str] = []
    if "unlicensed" in ask.twists:
        unlicensed = ask.twists["unlicensed"].get("users") or [member.userid for member in members]
        members = [member for member in members if member.userid not in unlicensed]
        if not members:
            raise refused(701008)
    friends = [friend for member in members for friend in company.customers_of(member.userid)]
    rows, cursor = page(ask, friends, usual=50, most=100)
    shown = [
        {
            "external_contact": _person(company.contacts[friend.external_userid]),
            "follow_info": _follower(company, friend) | {"tag_id": list(friend.tags)},
        }
        for friend in rows
    ]
    answer: dict[str, Any] = {"external_contact_list": shown, "next_cursor": cursor}
    return answer | ({"fail_info": {"unlicensed_userid_list": unlicensed}} if unlicensed else {})


@corp_endpoint("POST", "externalcontact/remark")
def write_remark(company: "Company", ask: Ask) -> dict[str, Any]:
    """Change what a member notes about a customer; phone numbers are replaced as a whole, `[""]` clears them."""
    member = company.serving(text(ask.body, "userid"))
    external_userid = text(ask.body, "external_userid")
    wanted = {name: ask.body[name] for name in ("remark", "description", "remark_company") if name in ask.body}
    mobiles = ask.body.get("remark_mobiles")
    if not wanted and mobiles is None and not ask.body.get("remark_pic_mediaid"):
        raise refused(40058)
    for name, most in (("remark", 20), ("description", 150), ("remark_company", 20)):
        text(ask.body, name, characters=most, needed=False)
    if mobiles is not None and not (isinstance(mobiles, list) and all(isinstance(one, str) for one in mobiles)):
        raise refused(40058)
    friend = of_member(company, member.userid, external_userid)
    for name, value in wanted.items():
        setattr(friend, name, value)
    if mobiles is not None:
        friend.mobiles = [one for one in mobiles if one]
    company.changed("contact", company.contacts[external_userid])
    return {}


def of_member(company: "Company", userid: str, external_userid: str) -> Friend:
    """A member's customer in a call: `Refused` 40096 for nobody, 84061 for somebody else's."""
    company.known_contact(external_userid)
    friend = company.friend(userid, external_userid)
    if friend is None:
        raise refused(84061)
    return friend


def _person(contact: Contact) -> dict[str, Any]:
    shown: dict[str, Any] = {"external_userid": contact.external_userid, "name": contact.name}
    shown |= {"type": contact.kind, "avatar": "", "gender": 0}
    # unionid is there for WeChat users only, and where the company bound a developer account
    return shown | ({"unionid": contact.unionid} if contact.unionid and contact.kind == 1 else {})


def _follower(company: "Company", friend: Friend) -> dict[str, Any]:
    shown: dict[str, Any] = {"userid": friend.userid, "remark": friend.remark or _name(company, friend)}
    shown |= {"description": friend.description, "createtime": int(friend.since)}
    shown |= {"remark_corp_name": friend.remark_company, "remark_mobiles": list(friend.mobiles)}
    shown |= {"add_way": friend.add_way, "oper_userid": friend.userid}
    return shown | ({"state": friend.state} if friend.state else {})


def _name(company: "Company", friend: Friend) -> str:
    # without a remark of its own the client shows, and the interface gives, the customer's name
    return company.contacts[friend.external_userid].name


def _tags(company: "Company", friend: Friend) -> list[dict[str, Any]]:
    found = [company.tags.tag(tag_id) for tag_id in friend.tags]
    return [
        {"group_name": group.name, "tag_name": tag.name, "tag_id": tag.id, "type": 1}
        for group, tag in (pair for pair in found if pair is not None)
    ]
