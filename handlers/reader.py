"""From a message to its reply: who speaks, what a customer means, and which handler answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.delivery import limits
from bot.delivery.taps import tapped
from bot.domain.customers import service as customers
from bot.domain.customers.rules import MEDIA_WORDS
from bot.domain.merchants import service as merchants
from bot.errors import Refusal
from bot.gateway.router import Reader, Router
from bot.language.customers import understand_customer
from bot.language.intents import FreeTalk, Intent
from bot.language.staff import understand
from bot.language.work_intents import Bind
from bot.platforms.messages import Inbound
from bot.settings import Settings
from bot.store.transaction import Tx
from handlers import members, taps
from handlers.staff_line import StaffLine
from handlers.talk import CustomerTalk, Talk

MESSAGES = {"text", "image", "voice", "video", "shortvideo", "location", "link"}
SAID = MESSAGES | {"menu_click"}
# What opens or refills a window of customer messages (official manual, Customer_Service_Messages).
WINDOWS: dict[str, limits.Kind] = {
    "follow": "follow",
    "scan": "scan",
    "menu_click": "menu",
    "scancode_push": "menu",
    "scancode_waitmsg": "menu",
}
# Events the platform itself sends about the account; their sender is not a fan.
OF_THE_ACCOUNT = {"masssendjobfinish", "publishjobfinish", "annual_renew", "verify_expired"}
OF_THE_ACCOUNT_STARTS = ("qualification_verify", "naming_verify")


def create_reader(settings: Settings) -> Reader:
    """The reader ``app.py`` hands to the router."""

    def read(router: Router, message: Inbound, tx: Tx) -> str | None:
        known = router.find("event", message.kind) is not None
        if message.of == "member" and not known:
            return _member(router, tx, settings, message)
        if message.of != "anybody":
            return _event(router, Talk(tx, settings, message, message.kind)) if known else None
        if message.kind in OF_THE_ACCOUNT or message.kind.startswith(OF_THE_ACCOUNT_STARTS):
            return _event(router, Talk(tx, settings, message, message.kind))
        if message.kind not in MESSAGES and message.kind not in WINDOWS and not known:
            return None
        met = customers.meet(tx, message.account, message.sender)
        _open_window(tx, message)
        # Staff follow, unfollow and scan like everybody; only what they say or tap is a line of theirs.
        if met.is_staff and message.kind in SAID:
            staff = merchants.find(tx, account=message.account, person_id=message.sender)
            if staff is not None:
                return StaffLine(router, tx, settings, message, staff).answer()
        return _customer(router, CustomerTalk(tx, settings, message, message.kind, met))

    return read


def foresee(messages: Sequence[Inbound], tx: Tx) -> None:
    """Looks up together who the senders of many messages are."""
    people = {(message.account, message.sender) for message in messages if message.of in ("anybody", "contact")}
    if people:
        customers.foresee(tx, people)


def _member(router: Router, tx: Tx, settings: Settings, message: Inbound) -> str | None:
    """One of the company's own people: staff by the first word, who opens no window and is no customer."""
    said = message.kind in SAID or message.kind == taps.CARD_TAP
    if not said and message.kind not in members.CAME:
        return None
    met = members.meet(tx, settings, message)
    if met.staff is None:
        return members.removed(tx, settings, message) if said else ""
    hello = members.greeting(met.staff) if met.is_new else ""
    if not said:
        return hello
    answer = StaffLine(router, tx, settings, message, met.staff).answer()
    return f"{hello}\n\n{answer}" if hello and answer else hello or answer


def _open_window(tx: Tx, message: Inbound) -> None:
    kind: limits.Kind | None = "talk" if message.kind in MESSAGES else WINDOWS.get(message.kind)
    # An item tapped in a menu message arrives as a text, yet is a tap and opens no 48 hours.
    if message.kind == "text" and message.event_key:
        kind = "menu"
    if kind is not None:
        limits.opened(tx, message.account, message.sender, kind, message.created_at)


def _event(router: Router, talk: Talk) -> str:
    handler = router.find("event", talk.intent)
    return handler(talk) or "" if handler else ""


def _customer(router: Router, talk: CustomerTalk) -> str:
    message = talk.message
    if message.kind not in SAID:
        return _event(router, talk)
    # A menu tap is the word on the button: what the shop's menu sends as its key is read like a typed line.
    text = message.event_key if message.kind == "menu_click" else message.text
    talk.intent = _customer_means(text, talk.now) if text else FreeTalk(MEDIA_WORDS.get(message.kind, ""))
    handler = router.find("customer", type(talk.intent))
    if handler is None:
        talk.intent = FreeTalk(text)
        handler = router.find("customer", FreeTalk)
    if handler is None:
        return ""
    if isinstance(talk.intent, FreeTalk):
        return str(handler(talk))
    if message.kind == "text" and message.event_key:
        tapped(talk.tx, message.account, message.sender, message.event_key, message.created_at)
    # Whoever types a command was here as well as who chats.
    customers.seen(talk.tx, talk.customer_id, acknowledged=False)
    try:
        with talk.tx.savepoint():
            return str(handler(talk))
    except Refusal as refusal:
        return str(refusal)


def _customer_means(text: str, now: datetime) -> Intent:
    """Customers have words of their own; the one staff word among them is the code by which somebody becomes staff."""
    if "绑定" in text or "綁定" in text:
        staff_word = understand(text, now)
        if isinstance(staff_word, Bind):
            return staff_word
    return understand_customer(text, now)
