"""Subscribe notices (订阅通知): what customers say yes to in the platform's pop-up, switch off, and what became of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.delivery import limits, outbox
from bot.platforms.messages import Inbound
from handlers.talk import CustomerTalk, on

OFF, YES, WELL = "reject", "accept", "0"


@on.event("subscribe_msg_popup_event")
def chosen(talk: CustomerTalk) -> str:
    """Every yes buys one notice. A no buys none, and takes none away that was bought before."""
    message = talk.message
    said = Counter(
        str(entry.get("TemplateId") or "")
        for entry in _entries(message, "SubscribeMsgPopupEvent")
        if entry.get("SubscribeStatusString") == YES
    )
    for template_id, count in said.items():
        limits.notices_accepted(talk.tx, message.account, message.sender, template_id, count, message.created_at)
    return ""


@on.event("subscribe_msg_change_event")
def changed(talk: CustomerTalk) -> str:
    """Somebody has switched templates off in the account's settings: what was bought is gone."""
    message = talk.message
    for entry in _entries(message, "SubscribeMsgChangeEvent"):
        if entry.get("SubscribeStatusString") == OFF:
            template_id = str(entry.get("TemplateId") or "")
            limits.notices_switched_off(talk.tx, message.account, message.sender, template_id, message.created_at)
    return ""


@on.event("subscribe_msg_sent_event")
def ended(talk: CustomerTalk) -> str:
    """The platform's report on a notice, by which it is confirmed or becomes failed."""
    message = talk.message
    for entry in _entries(message, "SubscribeMsgSentEvent"):
        code = str(entry.get("ErrorCode") or WELL)
        failure = "" if code == WELL else f"订阅通知没有送到（{code}）"
        outbox.notice_ended(
            talk.tx,
            message.account,
            message.sender,
            talk.customer_id,
            str(entry.get("MsgID") or ""),
            failure=failure,
            at=message.created_at,
        )
    return ""


def _entries(message: Inbound, name: str) -> Iterator[dict[str, Any]]:
    """The entries of an event's list: one alone stands there without a list around it."""
    within = message.fields.get(name)
    listed = within.get("List") if isinstance(within, dict) else None
    for entry in listed if isinstance(listed, list) else [listed]:
        if isinstance(entry, dict):
            yield entry
