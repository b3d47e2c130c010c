"""Between members and contacts: adding, half adding, leaving on either side, notes and tags made in the client.

Every function runs under the platform's lock and returns the outcome of the change event, which a caller may wait for
without the lock.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.sandbox.acts import NotPossible
from bot.sandbox.callbacks import Outcome

from . import events
from .people import BOTH, HALF, LEFT, Contact, Friend, Member

if TYPE_CHECKING:
    from .company import Company
    from .ways import ContactWay

EXTERNAL = "change_external_contact"
VIA_CODE = 1


def add(company: "Company", member: Member, contact: Contact, *, state: str = "", add_way: int = 1) -> Outcome:
    """They become friends. The event has a WelcomeCode unless the two know each other already, a code of the half-add
    was used, or the admin console greets this member's customers itself."""
    friend = _meet(company, member, contact, BOTH, state, add_way)
    fields = {"UserID": member.userid, "ExternalUserID": contact.external_userid} | _state(friend)
    if not (friend.greeted or friend.talked_at or member.console_welcome):
        fields["WelcomeCode"] = company.welcomes.issue(friend, company.platform.clock.now())
    return events.change(company, EXTERNAL, "add_external_contact", contact.external_userid, fields)


def half_add(company: "Company", member: Member, contact: Contact, *, state: str = "", add_way: int = 1) -> Outcome:
    """The contact added a member who asks for no verification; the member has not confirmed yet."""
    friend = _meet(company, member, contact, HALF, state, add_way)
    fields = {"UserID": member.userid, "ExternalUserID": contact.external_userid} | _state(friend)
    if not member.console_welcome:
        fields["WelcomeCode"] = company.welcomes.issue(friend, company.platform.clock.now())
    return events.change(company, EXTERNAL, "add_half_external_contact", contact.external_userid, fields)


def befriend(
    company: "Company", member: Member, contact: Contact, *, since: float, remark: str = "", tags: Sequence[str] = ()
) -> Friend:
    """Friends from before: no event."""
    friend = Friend(member.userid, contact.external_userid, since, remark=remark, tags=list(tags))
    company.friends.setdefault(member.userid, {})[contact.external_userid] = friend
    company.changed("contact", contact)
    return friend


def scan(company: "Company", contact: Contact, way: "ContactWay") -> Outcome:
    """Through a contact way: its members take turns; with verification the contact waits as half added."""
    free = [company.members[userid] for userid in way.users if _known(company, userid, contact) is None]
    if not free:
        raise NotPossible(f"{contact.name}已经是这个活码里每位店员的好友了")
    member = free[way.scans % len(free)]
    way.scans += 1
    run = add if way.skip_verify else half_add
    return run(company, member, contact, state=way.state, add_way=VIA_CODE)


def leave(company: "Company", member: Member, contact: Contact) -> Outcome:
    """The contact removes the member, who keeps the contact in the list and learns it from the event only."""
    friend = _friend(company, member, contact)
    if friend.relation == LEFT:
        raise NotPossible(f"{contact.name}已经把{member.name}删除了")
    friend.relation = LEFT
    company.changed("contact", contact)
    fields = {"UserID": member.userid, "ExternalUserID": contact.external_userid}
    return events.change(company, EXTERNAL, "del_follow_user", contact.external_userid, fields)


def remove(company: "Company", member: Member, contact: Contact, *, transfer: bool = False) -> Outcome:
    """The member removes the contact: there is nothing between them any more."""
    _friend(company, member, contact)
    del company.friends[member.userid][contact.external_userid]
    company.changed("contact", contact)
    fields = {"UserID": member.userid, "ExternalUserID": contact.external_userid}
    fields |= {"Source": "DELETE_BY_TRANSFER"} if transfer else {}
    return events.change(company, EXTERNAL, "del_external_contact", contact.external_userid, fields)


def edit(company: "Company", member: Member, contact: Contact, changes: dict[str, Any]) -> Outcome:
    """Remark, description, mobiles, and tags by `add_tags` and `remove_tags`, changed in the member's client."""
    friend = _friend(company, member, contact)
    for name in ("remark", "description", "remark_company"):
        if name in changes:
            setattr(friend, name, str(changes[name]))
    if "mobiles" in changes:
        friend.mobiles = [str(one) for one in changes["mobiles"]]
    for tag_id in changes.get("add_tags") or []:
        if company.tags.tag(tag_id) is None:
            raise NotPossible(f"没有 id 为 {tag_id} 的企业标签")
    kept = [tag_id for tag_id in friend.tags if tag_id not in (changes.get("remove_tags") or [])]
    friend.tags = list(dict.fromkeys([*kept, *(changes.get("add_tags") or [])]))
    company.changed("contact", contact)
    fields = {"UserID": member.userid, "ExternalUserID": contact.external_userid} | _state(friend)
    return events.change(company, EXTERNAL, "edit_external_contact", contact.external_userid, fields)


def talk(company: "Company", member: Member, contact: Contact) -> None:
    """They chat. Nobody is told; from now on the member is the last who talked, and no welcome goes out any more."""
    _friend(company, member, contact).talked_at = company.platform.clock.now()
    company.platform.dirty = True


def _meet(company: "Company", member: Member, contact: Contact, relation: str, state: str, add_way: int) -> Friend:
    known = _known(company, member.userid, contact)
    if known is not None and relation in (known.relation, HALF):
        raise NotPossible(f"{contact.name}和{member.name}已经是好友了，不能再加")
    friend = known or Friend(member.userid, contact.external_userid, 0.0)
    friend.since, friend.relation = company.platform.clock.now(), relation
    friend.state, friend.add_way = state or friend.state, add_way
    company.friends.setdefault(member.userid, {})[contact.external_userid] = friend
    company.changed("contact", contact)
    return friend


def _known(company: "Company", userid: str, contact: Contact) -> Friend | None:
    """Whatever there is between the two, half added or left."""
    return company.friends.get(userid, {}).get(contact.external_userid)


def _friend(company: "Company", member: Member, contact: Contact) -> Friend:
    friend = _known(company, member.userid, contact)
    if friend is None:
        raise NotPossible(f"{contact.name}不是{member.name}的客户，先加好友")
    return friend


def _state(friend: Friend) -> dict[str, Any]:
    return {"State": friend.state} if friend.state else {}
