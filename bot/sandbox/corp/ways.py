"""Codes to scan (活码): contact ways that make friends with a member, join ways that lead into a customer group.

Source: WeCom manual, pages 92228 (contact ways) and 92229, 99547 (join ways); both share one pool of 500,000.
"""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.chance import Chance

from .calls import corp_endpoint, ids, page, text, whole
from .codes import refused

if TYPE_CHECKING:
    from .company import Company

POOL = 500_000
REMARK = STATE = 30


@dataclass(slots=True)
class ContactWay:
    config_id: str
    kind: int
    scene: int
    users: list[str]
    created: float
    state: str = ""
    remark: str = ""
    skip_verify: bool = True
    style: int = 0
    scans: int = 0


@dataclass(slots=True)
class JoinWay:
    config_id: str
    scene: int
    chat_ids: list[str]
    created: float
    state: str = ""
    remark: str = ""
    auto_create_room: int = 1
    room_base_name: str = ""
    room_base_id: int = 1
    made: list[str] = field(default_factory=list)


class Ways:
    """All codes by config_id. The ids do not follow from the seed alone: a deleted one never comes back."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._count = 0
        self.contact: dict[str, ContactWay] = {}
        self.join: dict[str, JoinWay] = {}

    def new_id(self) -> str:
        if len(self.contact) + len(self.join) >= POOL:
            raise refused(40058)
        self._count += 1
        return self._chance.letters(32, "way", self._count).replace("-", "0").replace("_", "1")

    def dump(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"count": self._count, "contact": [asdict(way) for way in self.contact.values()]}
        return shown | {"join": [asdict(way) for way in self.join.values()]}

    def load(self, saved: dict[str, Any]) -> None:
        self._count = saved["count"]
        self.contact = {way["config_id"]: ContactWay(**way) for way in saved["contact"]}
        self.join = {way["config_id"]: JoinWay(**way) for way in saved["join"]}


def address_of(company: "Company", config_id: str) -> str:
    return f"{company.platform.base_url}/_sandbox/corp/qr/{config_id}"


@corp_endpoint("POST", "externalcontact/add_contact_way")
def add_contact_way(company: "Company", ask: Ask) -> dict[str, Any]:
    kind, scene = whole(ask.body, "type"), whole(ask.body, "scene")
    if kind not in (1, 2) or scene not in (1, 2):
        raise refused(40058)
    way = ContactWay(company.ways.new_id(), kind, scene, [], ask.now)
    _fill_contact_way(company, way, ask.body)
    if not way.users:
        raise refused(40063)
    company.ways.contact[way.config_id] = way
    company.changed("ways", None)
    code = {"qr_code": address_of(company, way.config_id)} if scene == 2 else {}
    return {"config_id": way.config_id} | code


@corp_endpoint("POST", "externalcontact/update_contact_way")
def update_contact_way(company: "Company", ask: Ask) -> dict[str, Any]:
    """Replaces the fields that are given."""
    _fill_contact_way(company, _contact_way(company, ask), ask.body)
    company.changed("ways", None)
    return {}


@corp_endpoint("POST", "externalcontact/get_contact_way")
def show_contact_way(company: "Company", ask: Ask) -> dict[str, Any]:
    way = _contact_way(company, ask)
    shown: dict[str, Any] = {"config_id": way.config_id, "type": way.kind, "scene": way.scene, "style": way.style}
    shown |= {"remark": way.remark, "skip_verify": way.skip_verify, "state": way.state}
    shown |= {"qr_code": address_of(company, way.config_id), "user": way.users, "party": [], "is_temp": False}
    return {"contact_way": shown}


@corp_endpoint("POST", "externalcontact/list_contact_way", body="optional")
def list_contact_ways(company: "Company", ask: Ask) -> dict[str, Any]:
    start, end = whole(ask.body, "start_time", 0), whole(ask.body, "end_time", int(ask.now))
    found = [way for way in company.ways.contact.values() if start <= int(way.created) <= end]
    rows, cursor = page(ask, found, usual=100, most=1000)
    return {"contact_way": [{"config_id": way.config_id} for way in rows], "next_cursor": cursor}


@corp_endpoint("POST", "externalcontact/del_contact_way")
def delete_contact_way(company: "Company", ask: Ask) -> dict[str, Any]:
    del company.ways.contact[_contact_way(company, ask).config_id]
    company.changed("ways", None)
    return {}


@corp_endpoint("POST", "externalcontact/groupchat/add_join_way")
def add_join_way(company: "Company", ask: Ask) -> dict[str, Any]:
    scene = whole(ask.body, "scene")
    if scene not in (1, 2):
        raise refused(40058)
    way = JoinWay(company.ways.new_id(), scene, [], ask.now)
    _fill_join_way(company, way, ask.body)
    company.ways.join[way.config_id] = way
    company.changed("ways", None)
    return {"config_id": way.config_id}


@corp_endpoint("POST", "externalcontact/groupchat/update_join_way")
def update_join_way(company: "Company", ask: Ask) -> dict[str, Any]:
    """Overwrites: what is not given goes back to its default."""
    old = _join_way(company, ask)
    way = JoinWay(old.config_id, whole(ask.body, "scene"), [], old.created, made=old.made)
    _fill_join_way(company, way, ask.body)
    company.ways.join[way.config_id] = way
    company.changed("ways", None)
    return {}


@corp_endpoint("POST", "externalcontact/groupchat/get_join_way")
def show_join_way(company: "Company", ask: Ask) -> dict[str, Any]:
    way = _join_way(company, ask)
    shown: dict[str, Any] = {"config_id": way.config_id, "scene": way.scene, "remark": way.remark}
    shown |= {"auto_create_room": way.auto_create_room, "room_base_name": way.room_base_name}
    shown |= {"room_base_id": way.room_base_id, "chat_id_list": [*way.chat_ids, *way.made], "state": way.state}
    return {"join_way": shown | {"qr_code": address_of(company, way.config_id)}}


@corp_endpoint("POST", "externalcontact/groupchat/del_join_way")
def delete_join_way(company: "Company", ask: Ask) -> dict[str, Any]:
    del company.ways.join[_join_way(company, ask).config_id]
    company.changed("ways", None)
    return {}


def _contact_way(company: "Company", ask: Ask) -> ContactWay:
    way = company.ways.contact.get(text(ask.body, "config_id"))
    if way is None:
        raise refused(41056)
    return way


def _join_way(company: "Company", ask: Ask) -> JoinWay:
    way = company.ways.join.get(text(ask.body, "config_id"))
    if way is None:
        raise refused(41056)
    return way


def _fill_contact_way(company: "Company", way: ContactWay, body: dict[str, Any]) -> None:
    remark = text(body, "remark", characters=REMARK, needed=False)
    state = text(body, "state", characters=STATE, needed=False)
    users = ids(body, "user", most=100, needed=False)
    if way.kind == 1 and len(users) > 1:
        raise refused(40058)
    for userid in users:
        if not company.serving(userid).activated:
            raise refused(41054)
    way.users = users or way.users
    way.remark = remark if "remark" in body else way.remark
    way.state = state if "state" in body else way.state
    way.skip_verify = body.get("skip_verify", way.skip_verify) is True
    way.style = whole(body, "style", way.style)


def _fill_join_way(company: "Company", way: JoinWay, body: dict[str, Any]) -> None:
    way.chat_ids = ids(body, "chat_id_list", most=5)
    way.state = text(body, "state", characters=STATE, needed=False)
    way.remark = text(body, "remark", needed=False)[:REMARK]  # a longer one is cut
    way.room_base_name = text(body, "room_base_name", characters=40, needed=False)
    way.room_base_id = whole(body, "room_base_id", 1)
    way.auto_create_room = whole(body, "auto_create_room", 1)
    for chat_id in way.chat_ids:
        company.chats.known(chat_id)
