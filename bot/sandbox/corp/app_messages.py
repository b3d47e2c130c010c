"""Messages of the app to members (应用消息): sending, taking back.

Source: WeCom manual, pages 90236 and 94515; limits 90454. What goes above a member's 30 a minute or 1,000 an hour is
dropped without a word. Texts above 2,048 bytes are cut.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask

from . import parcels
from .calls import APP, corp_endpoint, text, whole
from .cards import Card, tell
from .codes import refused
from .people import Member

if TYPE_CHECKING:
    from .company import Company

DAY = 86400


@corp_endpoint("POST", "message/send", APP)
def send(company: "Company", ask: Ask) -> dict[str, Any]:
    """Answers errcode 0 with `invaliduser` where some are nobody, 81013 where all are."""
    body = ask.body
    if whole(body, "agentid") != company.account["agent_id"]:
        raise refused(301002)
    named = _named(body, "touser", most=1000)
    parties, labels = _named(body, "toparty", most=100), _named(body, "totag", most=100)
    if not (named or parties or labels):
        raise refused(40063)
    parcel = parcels.app_parcel(company, body, ask.now)
    receivers, invalid = _receivers(company, named, everybody=named == ["@all"] or "1" in parties)
    if "invalid_user" in ask.twists:
        spoilt = int(ask.twists["invalid_user"].get("count", 1))
        invalid = [member.userid for member in receivers[:spoilt]] + invalid
        receivers = receivers[spoilt:]
    answer: dict[str, Any] = {"invaliduser": "|".join(userid.lower() for userid in invalid)}
    answer |= {"invalidparty": "|".join(party for party in parties if party != "1"), "invalidtag": "|".join(labels)}
    if not receivers:
        raise refused(81013, **answer)
    daily = company.limits["corp_accounts"] * 200
    if not company.quotas.spend("person-messages", len(receivers), daily, DAY, ask.now):
        raise refused(45009)
    msgid = str(company.platform.next_number())
    answer["msgid"] = msgid
    if parcel.type == "card" and parcel.content.get("button_list") is not None:
        answer["response_code"] = company.cards.issue_code(str(parcel.content.get("task_id", "")), ask.now)
    if whole(body, "enable_duplicate_check", 0) == 1 and _seen_before(company, body, ask.now):
        return answer
    for member in receivers:
        if _has_room(company, member, ask.now):
            _deliver(company, member, parcel, msgid, ask.id)
    return answer


@corp_endpoint("POST", "message/recall", APP)
def recall(company: "Company", ask: Ask) -> dict[str, Any]:
    """Take a message back within 24 hours; 40058 afterwards, or for a message of another app."""
    sent = company.sent.get(text(ask.body, "msgid"))
    if sent is None or ask.now - sent["at"] > DAY:
        raise refused(40058)
    company.recalled.update(sent["messages"])
    for number in sent["messages"]:
        company.changed("again", number)
    for card in company.cards.all:
        if card.message_id in sent["messages"]:
            card.recalled = True
            tell(company, card)
    return {}


def _named(body: dict[str, Any], name: str, *, most: int) -> list[str]:
    listed = [part for part in text(body, name, needed=False).split("|") if part]
    if len(listed) > most:
        raise refused(40058)
    return list(dict.fromkeys(listed))


def _receivers(company: "Company", named: list[str], *, everybody: bool) -> tuple[list[Member], list[str]]:
    visible = [member for member in company.members.values() if member.visible and member.activated]
    if everybody:
        return visible, []
    known = {member.userid.lower(): member for member in visible}  # ids are compared without regard to case
    receivers = [known[userid.lower()] for userid in named if userid.lower() in known]
    return list({member.userid: member for member in receivers}.values()), [
        userid for userid in named if userid.lower() not in known
    ]


def _seen_before(company: "Company", body: dict[str, Any], now: float) -> bool:
    """Whether the same JSON went out within the interval; if not, it counts as going out now."""
    span = min(whole(body, "duplicate_check_interval", 1800), 4 * 3600)
    print_ = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    last = company.prints.get(print_)
    if last is not None and now - last < span:
        return True
    company.prints[print_] = now
    return False


def _has_room(company: "Company", member: Member, now: float) -> bool:
    room = True
    for counter, span, name in ((member.minute, 60, "corp_member_minute"), (member.hour, 3600, "corp_member_hour")):
        if counter[0] != int(now // span):
            counter[:] = [int(now // span), 0]
        counter[1] += 1
        room = room and counter[1] <= company.limits[name]
    return room


def _deliver(company: "Company", member: Member, parcel: Any, msgid: str, call_id: int) -> None:
    message = company.show(member, parcel, via="app", call_id=call_id)
    company.sent.setdefault(msgid, {"at": company.platform.clock.now(), "messages": []})["messages"].append(message.id)
    if parcel.type == "card":
        company.cards.keep(Card(member.userid, message.id, parcel.content, msgid))
