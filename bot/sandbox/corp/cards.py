"""Template cards on members' phones: how they stand now, and the codes that may change each of them once.

Source: WeCom manual, pages 90236 and 94888: a response_code comes with the answer of the sending call and with every
tap, lives 72 hours and is spent by one change.
"""

import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.sandbox.calls import Ask
from bot.sandbox.wire import ReplyRejected

from .calls import APP, corp_endpoint, ids, inner, objects, text, whole
from .codes import refused
from .people import Member

if TYPE_CHECKING:
    from bot.sandbox.callbacks import Push
    from bot.sandbox.wire import Reply

    from .company import Company

CARD_TYPES = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
ANSWERABLE = ("button_interaction", "vote_interaction", "multiple_interaction")
BUTTONS = 6


@dataclass(slots=True)
class Card:
    """One card on one member's phone; `done` is the word that stands where the buttons were."""

    userid: str
    message_id: int
    card: dict[str, Any]
    msgid: str
    done: str = ""
    recalled: bool = False

    @property
    def task_id(self) -> str:
        return str(self.card.get("task_id", ""))

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [] if self.done or self.recalled else list(self.card.get("button_list") or [])

    def on_page(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.message_id, "task_id": self.task_id, "title": title_of(self.card)}
        shown |= {"text": text_of(self.card), "card_type": self.card.get("card_type"), "done": self.done}
        shown["buttons"] = [{"text": button["text"], "key": button.get("key", "")} for button in self.buttons]
        return shown | {"recalled": self.recalled, "style": [button.get("style", 1) for button in self.buttons]}


class Cards:
    """All cards by member and task, and the codes."""

    def __init__(self) -> None:
        self.all: list[Card] = []
        self._used_tasks: set[str] = set()
        self._codes: dict[str, list[Any]] = {}

    def of(self, userid: str) -> list[Card]:
        return [card for card in self.all if card.userid == userid]

    def at(self, message_id: int) -> Card | None:
        return next((card for card in reversed(self.all) if card.message_id == message_id), None)

    def knows_task(self, task_id: str) -> bool:
        return task_id in self._used_tasks

    def keep(self, card: Card) -> None:
        self.all.append(card)
        if card.task_id:
            self._used_tasks.add(card.task_id)

    def issue_code(self, task_id: str, now: float) -> str:
        code = secrets.token_urlsafe(48)
        self._codes[code] = [task_id, now, False]
        return code

    def spend_code(self, code: str, now: float, seconds: float) -> str:
        """The task a code belongs to: `Refused` 40058 unknown, used or too old."""
        known = self._codes.get(code)
        if known is None or known[2] or now - known[1] > seconds:
            raise refused(40058)
        known[2] = True
        return str(known[0])

    def dump(self) -> dict[str, Any]:
        return {"all": [asdict(card) for card in self.all], "tasks": sorted(self._used_tasks), "codes": self._codes}

    def load(self, saved: dict[str, Any]) -> None:
        self.all = [Card(**card) for card in saved["all"]]
        self._used_tasks, self._codes = set(saved["tasks"]), dict(saved["codes"])


def check(company: "Company", card: dict[str, Any]) -> None:
    """`Refused` 40063 for what is missing, 40058 for what does not fit, among it a task_id that was used before."""
    card_type = text(card, "card_type")
    if card_type not in CARD_TYPES:
        raise refused(40058)
    task_id = text(card, "task_id", size=128, needed=card_type in ANSWERABLE or bool(card.get("action_menu")))
    if task_id and not re.fullmatch(r"[0-9A-Za-z_@-]+", task_id):
        raise refused(40058)
    if not title_of(card) and not text(card, "sub_title_text", needed=False):
        raise refused(40063)
    if card_type == "button_interaction":
        buttons = objects(card, "button_list", most=BUTTONS)
        if not buttons:
            raise refused(40063)
        for button in buttons:
            text(button, "text")
            if whole(button, "type", 0) == 0:
                text(button, "key", size=1024)
            if not 1 <= whole(button, "style", 1) <= 4:
                raise refused(40058)
    if card_type in ("text_notice", "news_notice"):
        inner(card, "card_action")
    if card_type in ANSWERABLE and not company.account["callback_url"]:
        raise refused(40058)
    if task_id and company.cards.knows_task(task_id):
        raise refused(40058)


def title_of(card: dict[str, Any]) -> str:
    title = card.get("main_title")
    return str(title.get("title") or "") if isinstance(title, dict) else ""


def text_of(card: dict[str, Any]) -> str:
    """What stands below the title, line by line."""
    title = card.get("main_title") or {}
    lines = [str(title.get("desc") or ""), str(card.get("sub_title_text") or "")]
    quote = card.get("quote_area") or {}
    lines += [str(quote.get("title") or ""), str(quote.get("quote_text") or "")]
    rows = card.get("horizontal_content_list") or []
    lines += [f"{row.get('keyname', '')}：{row.get('value', '')}" for row in rows]
    return "\n".join(line for line in lines if line)


@corp_endpoint("POST", "message/update_template_card", APP)
def update_card(company: "Company", ask: Ask) -> dict[str, Any]:
    """Put a word in place of the buttons, or another card in place of the card, for members who have it."""
    if whole(ask.body, "agentid") != company.account["agent_id"]:
        raise refused(301002)
    code = text(ask.body, "response_code")
    button, card = ask.body.get("button"), ask.body.get("template_card")
    word = text(button, "replace_name") if isinstance(button, dict) else ""
    if not word and not isinstance(card, dict):
        raise refused(40063)
    everybody = whole(ask.body, "atall", 0) == 1
    named = ids(ask.body, "userids", most=1000, needed=not everybody)
    task_id = company.cards.spend_code(code, ask.now, company.limits["corp_response_code_seconds"])
    holders = {card.userid: card for card in company.cards.all if card.task_id == task_id and not card.recalled}
    changed = list(holders) if everybody else [userid for userid in named if userid in holders]
    for userid in changed:
        _change(company, holders[userid], word, card)
    invalid = [userid.lower() for userid in named if userid not in holders]
    return {"invaliduser": invalid}


def update_by_reply(company: "Company", push: "Push", reply: "Reply") -> None:
    """A passive reply to a tap changes the card of who tapped; `ReplyRejected` where there is none."""
    task_id = str(push.fields.get("TaskId", ""))
    card = next((card for card in company.cards.of(push.openid) if card.task_id == task_id), None)
    if card is None:
        raise ReplyRejected("a card update answers nothing but a tap on a card")
    if reply.msgtype == "update_template_card":
        raise ReplyRejected("update_template_card as a passive reply is not played here: use update_button or the call")
    button = reply.fields.get("Button")
    word = button.get("ReplaceName") if isinstance(button, dict) else None
    if not isinstance(word, str) or not word:
        raise ReplyRejected("Button with ReplaceName is missing in the reply")
    _change(company, card, word, None)


def _change(company: "Company", card: Card, word: str, new: dict[str, Any] | None) -> None:
    if isinstance(new, dict):
        card.card, card.done = {"task_id": card.task_id} | new, ""
    if word:
        card.done = word
    tell(company, card)


def tell(company: "Company", card: Card) -> None:
    """The card looks different now."""
    company.changed("again", card.message_id)


def newest(company: "Company", member: Member) -> Card | None:
    return next((card for card in reversed(company.cards.of(member.userid)) if card.buttons), None)
