"""Template messages (模板消息) and subscribe notices (订阅通知) of service accounts.

Source: vendor manual, Template_Message_Interface and subscription_messages.
"""

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .calls import Ask, endpoint
from .chance import Chance
from .errors import Refused
from .fans import Fan
from .phones import Parcel
from .settings import DEMO_STAFF_TEMPLATE

if TYPE_CHECKING:
    from .platform import Platform

KEY_SECONDS = 24 * 3600
PAGE_LONGEST = 1024
_SLOT = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
_MOST = {"thing": 20, "number": 32, "symbol": 5, "character_string": 32, "phrase": 5, "letter": 32}
_MOST |= {"phone_number": 17, "car_number": 8, "name": 20}
# The library (模板库) of the sandbox: short id, title, lines. The first three are in every new account.
LIBRARY = (
    ("SB0001", "预约提醒", "预约项目：{{thing1.DATA}}\n预约时间：{{time2.DATA}}\n门店：{{thing3.DATA}}"),
    ("SB0002", "会员积分变动提醒", "变动原因：{{thing1.DATA}}\n变动积分：{{number2.DATA}}\n剩余积分：{{number3.DATA}}"),
    ("SB0003", "订单状态通知", "订单编号：{{character_string1.DATA}}\n商品：{{thing2.DATA}}\n状态：{{phrase3.DATA}}"),
    ("SB0004", "活动报名成功通知", "活动：{{thing1.DATA}}\n时间：{{time2.DATA}}\n地点：{{thing3.DATA}}"),
    ("SB0005", "投诉处理通知", "编号：{{character_string1.DATA}}\n进展：{{thing2.DATA}}\n时间：{{time3.DATA}}"),
)


@dataclass(frozen=True, slots=True)
class Template:
    template_id: str
    title: str
    content: str

    def slots(self) -> list[str]:
        return _SLOT.findall(self.content)


class Templates:
    """The account's own templates and the keys of what was sent. The caller holds the platform's lock."""

    def __init__(self, chance: Chance, first_id: int) -> None:
        self._chance = chance
        self._count = 0
        self._own: dict[str, Template] = {}
        self._next_msgid = first_id
        self._sent: dict[str, tuple[int, float]] = {}
        for _short, title, content in LIBRARY[:3]:
            self.add(title, content)
        staff = Template(
            DEMO_STAFF_TEMPLATE, "待办提醒", "事项：{{thing1.DATA}}\n时间：{{time2.DATA}}\n门店：{{thing3.DATA}}"
        )
        self._own[staff.template_id] = staff

    def __iter__(self) -> Any:
        return iter(self._own.values())

    def __len__(self) -> int:
        return len(self._own)

    def add(self, title: str, content: str) -> Template:
        self._count += 1
        template = Template(self._chance.letters(43, "template", self._count), title, content)
        self._own[template.template_id] = template
        return template

    def find(self, template_id: str) -> Template:
        template = self._own.get(template_id)
        if template is None:
            raise Refused(40037)
        return template

    def remove(self, template_id: str) -> None:
        del self._own[self.find(template_id).template_id]

    def next_msgid(self) -> int:
        self._next_msgid += 1
        return self._next_msgid - 1

    def earlier(self, key: object, now: float) -> int | None:
        """The msgid of a call with the same client_msg_id in the last 24 h (its effect is not documented)."""
        msgid, at = self._sent.get(key, (0, 0.0)) if isinstance(key, str) else (0, 0.0)
        return msgid if msgid and now - at < KEY_SECONDS else None

    def remember(self, key: object, msgid: int, now: float) -> None:
        if isinstance(key, str) and key:
            self._sent[key] = (msgid, now)
        while self._sent and now - next(iter(self._sent.values()))[1] >= KEY_SECONDS:
            self._sent.pop(next(iter(self._sent)))

    def dump(self) -> dict[str, Any]:
        own = [asdict(template) for template in self]
        return {"count": self._count, "own": own, "next_msgid": self._next_msgid, "sent": self._sent}

    def load(self, saved: dict[str, Any]) -> None:
        self._count, self._next_msgid = saved["count"], saved["next_msgid"]
        self._own = {entry["template_id"]: Template(**entry) for entry in saved["own"]}
        self._sent = {key: (msgid, at) for key, (msgid, at) in saved["sent"].items()}


def _values(ask: Ask, template: Template) -> dict[str, dict[str, str]]:
    """The filled slots; 47003 names the first that is missing or breaks the rule of its type."""
    given = ask.body.get("data")
    if not isinstance(given, dict):
        raise Refused(47003)
    filled: dict[str, dict[str, str]] = {}
    for key in template.slots():
        slot = given.get(key)
        value = slot.get("value") if isinstance(slot, dict) else None
        if not isinstance(value, str) or not value or not _fits(key, value):
            raise Refused(47003, f"argument invalid! data.{key}.value is invalid")
        filled[key] = {"value": value}
    return filled


def _fits(key: str, value: str) -> bool:
    kind = key.rstrip("0123456789")
    if kind == "number":
        return re.fullmatch(r"[+-]?\d+(\.\d+)?", value) is not None and len(value) <= _MOST[kind]
    if kind == "amount":
        return re.fullmatch(r"[^\d\s]?\d{1,10}(\.\d{1,2})?元?", value) is not None
    if kind in ("time", "date"):
        return re.search(r"\d", value) is not None and len(value) <= 40
    if kind == "name":
        return len(value) <= (20 if value.isascii() else 10)
    return len(value) <= _MOST.get(kind, 2048)


def _card(template: Template, ask: Ask, values: dict[str, dict[str, str]], msgtype: str) -> Parcel:
    lines = _SLOT.sub(lambda slot: values[slot[1]]["value"], template.content)
    payload = {"title": template.title, "data": values, "url": str(ask.body.get("url") or ask.body.get("page") or "")}
    payload["lines"] = lines
    content = {"template_id": template.template_id, "data": values, "url": payload["url"]}
    return Parcel("template", f"[{template.title}] " + lines.replace("\n", " "), payload, msgtype, content)


@endpoint("POST", "/cgi-bin/message/template/send", day=100_000, service=True)
def send_template(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Who has switched the account's messages off costs no error here: the event says `failed:user block`."""
    touser, template_id = ask.text("touser", 41009), ask.text("template_id", 40037)
    template = platform.templates.find(template_id)
    values = _values(ask, template)
    fan = platform.fans.known(touser)
    if not fan.follows:
        raise Refused(43004)
    if fan.blocked:
        raise Refused(43019)
    key = ask.body.get("client_msg_id")
    earlier = platform.templates.earlier(key, ask.now)
    if earlier is not None:
        return {"errcode": 0, "errmsg": "ok", "msgid": earlier}
    msgid = platform.templates.next_msgid()
    platform.templates.remember(key, msgid, ask.now)
    if not fan.refuses:
        platform.show_from_account(fan, _card(template, ask, values, "template"), via="template", call_id=ask.id)
    status = "failed:user block" if fan.refuses else "success"
    event = {"openid": fan.openid, "event": {"Event": "TEMPLATESENDJOBFINISH", "MsgID": msgid, "Status": status}}
    platform.later(platform.limits["template_finish_seconds"], "push_event", event)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


@endpoint("GET", "/cgi-bin/template/get_all_private_template", service=True)
def list_templates(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    listed = [
        {
            "template_id": template.template_id,
            "title": template.title,
            "primary_industry": "",
            "deputy_industry": "",
            "content": template.content,
            "example": _SLOT.sub("示例", template.content),
        }
        for template in platform.templates
    ]
    return {"template_list": listed}


@endpoint("POST", "/cgi-bin/template/api_add_template", service=True)
def add_template(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Take one out of the library by its short id; 45026 when the account has 25."""
    short_id = ask.text("template_id_short", 40036)
    found = next(((title, content) for short, title, content in LIBRARY if short == short_id), None)
    if found is None:
        raise Refused(40037)
    if len(platform.templates) >= platform.limits["templates"]:
        raise Refused(45026)
    return {"errcode": 0, "errmsg": "ok", "template_id": platform.templates.add(*found).template_id}


@endpoint("POST", "/cgi-bin/template/del_private_template", service=True)
def remove_template(platform: "Platform", ask: Ask) -> dict[str, Any]:
    platform.templates.remove(ask.text("template_id", 40037))
    return {"errcode": 0, "errmsg": "ok"}


@endpoint("GET", "/wxaapi/newtmpl/gettemplate", service=True)
def list_notices(platform: "Platform", _ask: Ask) -> dict[str, Any]:
    listed = [
        {"priTmplId": template.template_id, "title": template.title, "content": template.content, "type": 2}
        for template in platform.templates
    ]
    return {"errcode": 0, "errmsg": "ok", "data": listed}


@endpoint("POST", "/cgi-bin/message/subscribe/bizsend", day=100_000, service=True)
def send_notice(platform: "Platform", ask: Ask) -> dict[str, Any]:
    """Every accept of the pop-up buys one; the next one gets 43101. The fan need not follow."""
    touser, template_id = ask.text("touser", 41009), ask.text("template_id", 40037)
    template = platform.templates.find(template_id)
    values = _values(ask, template)
    page = ask.body.get("page")
    if page is not None and (not isinstance(page, str) or not page or len(page) > PAGE_LONGEST):
        raise Refused(41030)
    fan = platform.fans.known(touser)
    _spend_accept(fan, template_id)
    msgid = platform.templates.next_msgid()
    platform.show_from_account(fan, _card(template, ask, values, "subscribe"), via="template", call_id=ask.id)
    sent = {"TemplateId": template_id, "MsgID": msgid, "ErrorCode": 0, "ErrorStatus": "success"}
    event = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": sent}}
    platform.later(platform.limits["template_finish_seconds"], "push_event", {"openid": fan.openid, "event": event})
    return {"errcode": 0, "errmsg": "ok"}


def _spend_accept(fan: Fan, template_id: str) -> None:
    if fan.accepts.get(template_id, 0) < 1:
        raise Refused(43101)
    fan.accepts[template_id] -= 1
