"""The company in the sandbox's saved state."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .people import Contact, Friend, Member
from .robots import Robot

if TYPE_CHECKING:
    from .company import Company

ROOMS = ("tokens", "quotas", "cards", "tags", "ways", "welcomes", "tasks", "chats", "pushes")


def dump(company: "Company") -> dict[str, Any]:
    """Everything but the messages as JSON-able objects."""
    shown: dict[str, Any] = {room: getattr(company, room).dump() for room in ROOMS}
    shown["account"] = company.account
    shown["members"] = [asdict(member) for member in company.members.values()]
    shown["contacts"] = [asdict(contact) for contact in company.contacts.values()]
    shown["friends"] = [asdict(friend) for friends in company.friends.values() for friend in friends.values()]
    shown["robots"] = [asdict(robot) for robot in company.robots.values()]
    shown |= {"sent": company.sent, "prints": company.prints, "recalled": sorted(company.recalled)}
    return shown | {"media": sorted(company.media)}


def load(company: "Company", saved: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    """Become what was dumped; the account values the sandbox was started with win over the saved ones."""
    company.account = saved["account"] | company.platform.settings.chosen_corp()
    company.members = {member["userid"]: Member(**member) for member in saved["members"]}
    company.contacts = {contact["external_userid"]: Contact(**contact) for contact in saved["contacts"]}
    company.friends = {userid: {} for userid in company.members}
    for friend in saved["friends"]:
        company.friends[friend["userid"]][friend["external_userid"]] = Friend(**friend)
    company.robots = {robot["key"]: Robot(**robot) for robot in saved["robots"]}
    company.sent, company.prints = dict(saved["sent"]), dict(saved["prints"])
    company.recalled, company.media = set(saved["recalled"]), set(saved["media"])
    company.phones.load(messages)
    for room in ROOMS:
        getattr(company, room).load(saved[room])
