"""One line of a staff member: what it means in the talk it stands in, what it does, and what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.domain import journeys
from bot.domain.customers import service as customers
from bot.domain.customers.rules import MEDIA_WORDS, shown
from bot.domain.merchants import cards, changes, desk
from bot.domain.merchants.models import Staff
from bot.errors import Refusal
from bot.gateway.router import Router
from bot.language import normalise, read_whom
from bot.language.activity_intents import ActivityList, ActivityRoster
from bot.language.after_sale_intents import AfterSale, Cycles, WakeUps
from bot.language.campaign_intents import BroadcastList, ScriptEdit, ScriptList, ScriptNew, ScriptShow
from bot.language.care_intents import Calendar, CareList, CareShow, PacketList, Reminders, YearAhead
from bot.language.channel_intents import ChannelList, ChannelShow
from bot.language.customer_intents import History, Show, Unnamed, Visit
from bot.language.file_intents import AutoReplies, FileShow, Find, Picture, SendOn, ShopFacts
from bot.language.group_intents import GroupCalendar, GroupList, GroupShow
from bot.language.intents import Choice, Confirm, Courtesy, Drop, Help, Intent, More, NotUnderstood, Undo, Yes
from bot.language.order_intents import Orders, Receipts, Unclaimed
from bot.language.play_intents import PlayEdit, PlayList, PlayShow, PlayTry, PlayWho
from bot.language.segment_intents import Segment, SegmentList, WhyBroadcast, WhySegment
from bot.language.staff import understand
from bot.language.tag_intents import RuleList, TagBook
from bot.language.work_intents import (
    CaseList,
    CaseShow,
    Forecast,
    NextBatch,
    Notices,
    StaffList,
    TaskText,
    Today,
    Waiting,
)
from bot.platforms.messages import Inbound
from bot.settings import Settings
from bot.store.transaction import Tx
from handlers import rereading, taps
from handlers.news import TOLD_BY, News
from handlers.talk import NEW_FILE, UNPROVEN, Nobody, StaffTalk, Unclear, Unfiled, Wide, names_of

# What only looks and changes nothing.
LOOKS = (
    *(ActivityList, ActivityRoster, BroadcastList, Calendar, Help, History, NextBatch, Notices, Orders, PacketList),
    *(AutoReplies, FileShow, Find, ShopFacts),
    *(CaseList, CaseShow, More),
    Reminders,
    *(ScriptList, ScriptShow, Segment, SegmentList, Show, StaffList, TagBook, TaskText, Today, Unnamed, Waiting),
    *(Receipts, Unclaimed),
    *(PlayList, PlayShow, PlayTry, PlayWho),
    *(AfterSale, Cycles, Forecast, RuleList, WakeUps, WhyBroadcast, WhySegment),
    *(CareList, CareShow, YearAhead),
    *(ChannelList, ChannelShow, GroupCalendar, GroupList, GroupShow),
)
PENDING_TEXT_AT_LEAST = 12  # characters from which a line after 「话术 新建」 is the text, whatever it begins with
NAMED_AT_MOST = 20  # characters of a line that may name the customer of a picture
ECHO = 80  # characters of a long line that are shown back
PUNCTUATION = frozenset("，。！？；：、,!?;{}\n")


class StaffLine:
    """One line of a staff member on its way: read, answer open questions, handle, keep the change, add the news."""

    def __init__(self, router: Router, tx: Tx, settings: Settings, message: Inbound, staff: Staff) -> None:
        self._router = router
        self._tx = tx
        self._settings = settings
        self._message = message
        self._staff = staff
        self._note = ""
        self._told_by = ""
        self._picked = 0
        journeys.settle_deliveries(tx)
        self._news = News(tx, staff.id)

    def answer(self) -> str:
        can = self._talk(None, "").can
        if can.cards:
            taps.keep(self._tx, self._message)
        reply = self._answer()
        if can.cards:
            cards.settle(self._tx, self._staff.id, picked=self._picked)
        taps.offer(self._tx, self._message, self._staff.id, can, reply)
        return self._news.above(reply, told_by=self._told_by)

    def _answer(self) -> str:
        if dropped := taps.drop(self._tx, self._message, self._staff.id):
            return dropped
        tap = taps.read(self._message)
        if tap is not None:
            line = taps.line(self._tx, self._staff.id, tap)
            return self._note + self._line(line) if line else taps.OVER
        line = self._message.text or self._message.event_key
        media_id = str(self._message.fields.get("MediaId") or "")
        if media_id and self._is_for_customer():
            return self._handle(SendOn(self._message.kind, media_id), line)
        if self._message.kind == "image" and media_id:
            return self._picture(media_id)
        if self._message.kind == "text" and self._message.event_key.isdigit():  # a menu script tried on oneself
            return f"您点了“{line[:ECHO]}”。顾客点了，会记在群发的“结果”里。"
        if not line:
            word = MEDIA_WORDS.get(self._message.kind, "")
            return f"收到{word}。现在还只看得懂文字，请打字告诉我要做什么，发送“帮助”看怎么说。"
        reply = self._voice(line) if self._message.kind == "voice" else self._line(line)
        return self._note + reply

    def _is_for_customer(self) -> bool:
        question = desk.open_question(self._tx, self._staff.id)
        return question is not None and question.kind == "send_on" and self._message.kind in question.payload["kinds"]

    def _picture(self, media_id: str) -> str:
        question = desk.open_question(self._tx, self._staff.id)
        if question is not None and question.kind not in ("photo", "whose", "script_picture"):
            self._put_aside(question, "")
        return self._note + self._handle(Picture(media_id), "照片")

    def _voice(self, line: str) -> str:
        """What was heard is shown; what only looks is done at once, the rest after a yes: names and amounts are misheard."""
        meant, _ = self._reread(understand(line, self._now()), line)
        # What was not understood would not be after a yes either.
        if isinstance(meant, (*LOOKS, NotUnderstood, Courtesy, Drop)):
            return f"听到：{line}\n{self._line(line)}"
        desk.ask(self._tx, self._staff.id, desk.Question("heard", {"line": line}, ["是，照做"]))
        return f"听到：{line}\n对的话回复“是”，不对请打字。"

    def _line(self, line: str) -> str:
        question = desk.open_question(self._tx, self._staff.id)
        intent = understand(line, self._now())
        if question is not None and question.kind == "offer":
            # What was offered is no work begun, so nothing need be said when it is passed over.
            desk.close_question(self._tx, self._staff.id)
            if picked := _picked(question, intent):
                self._picked = question.payload["options"].index(picked) + 1
                return self._handle(understand(picked, self._now()), picked)
            question = None
        if question is None or isinstance(intent, More):
            return self._handle(*self._reread(intent, line))
        if isinstance(intent, Drop):
            desk.close_question(self._tx, self._staff.id)
            return f"好，“{question.payload['line'].splitlines()[0][:20]}”不做了，什么都没有改。"
        if question.kind == "choice" and isinstance(intent, Yes):
            return self._choose(question, 1 if len(question.payload["options"]) == 1 else 0)
        if question.kind == "choice" and isinstance(intent, Choice):
            return self._choose(question, intent.number)
        if question.kind == "choice" and (number := self._named_option(question, line)):
            return self._choose(question, number)
        if question.kind == "heard" and isinstance(intent, Yes):
            desk.close_question(self._tx, self._staff.id)
            self._picked = 1
            heard = str(question.payload["line"])
            return self._handle(understand(heard, self._now()), heard)
        if question.kind == "whose" and (whose := _whose(line, intent)):
            line = f"照片 {whose}"
            return self._handle(understand(line, self._now()), line)
        if question.kind == "text" and _is_text(line, intent, again="again" in question.payload):
            desk.close_question(self._tx, self._staff.id)
            command = f"{question.payload['line']}\n{line}"
            return self._handle(understand(command, self._now()), command)
        intent, line = self._reread(intent, line)
        if not isinstance(intent, NotUnderstood | Courtesy):
            self._put_aside(question, line)
        return self._handle(intent, line)

    def _reread(self, intent: Intent, line: str) -> tuple[Intent, str]:
        if not isinstance(intent, NotUnderstood):
            return intent, line
        last = desk.state(self._tx, self._staff.id).customer_id
        return rereading.means(self._tx, line, intent, self._now(), last=last)

    def _named_option(self, question: desk.Question, line: str) -> int:
        """Which of the numbered customers the line names, 0 for none: their name answers as well as the number."""
        said = normalise(line).removeprefix("是")
        options = [number for number in question.payload["options"] if number != NEW_FILE]
        people = [customers.get(self._tx, number) for number in options]
        named = [one.id for one in people if said in {f"#{one.id}", *map(normalise, customers.known_names(one))}]
        return question.payload["options"].index(named[0]) + 1 if len(named) == 1 else 0

    def _put_aside(self, question: desk.Question, line: str) -> None:
        """Ends an open question and says so, unless the line goes on with the same (照片 小美, then 照片 小美 1)."""
        desk.close_question(self._tx, self._staff.id)
        asked = question.payload["line"].splitlines()[0]
        if not line.startswith(asked):
            self._note = f"（刚才的“{asked[:12]}”已放下）\n"

    def _choose(self, question: desk.Question, number: int) -> str:
        options = question.payload["options"]
        if not 1 <= number <= len(options):
            return f"请回复 1 到 {len(options)} 之间的数字。"
        desk.close_question(self._tx, self._staff.id)
        self._picked = number
        line = str(question.payload["line"])
        chosen = dict(question.payload["chosen"]) | {question.payload["asked"]: options[number - 1]}
        return self._handle(understand(line, self._now()), line, chosen)

    def _handle(self, intent: Intent, line: str, chosen: dict[str, int] | None = None) -> str:
        handler = self._router.find("staff", type(intent))
        if not isinstance(intent, NotUnderstood):
            desk.is_lost(self._tx, self._staff.id, understood=True)
        if handler is None:
            return "这句话我还不会处理，发送“帮助”看能说什么。"
        self._told_by = TOLD_BY.get(type(intent), "")
        talk = self._talk(intent, line)
        talk.chosen = chosen or {}
        talk.may_be_wide = isinstance(intent, LOOKS)
        if isinstance(intent, Confirm) and talk.unproven:
            return f"确认码在这个账号用不了。{UNPROVEN}"
        try:
            with self._tx.savepoint():
                if isinstance(intent, Undo):
                    return str(handler(talk))
                return self._journaled(handler, talk)
        except (Nobody, Unfiled) as nobody:
            if again := rereading.named_anew(self._tx, line, self._now()):
                return self._handle(*again, chosen)
            return self._offer_file(nobody, line, talk.chosen) if isinstance(nobody, Unfiled) else str(nobody)
        except Unclear as unclear:
            return self._ask_which(unclear, line, talk.chosen)
        except Wide as wide:
            return self._ask_first(wide, talk)
        except Refusal as refusal:
            return str(refusal)

    def _journaled(self, handler: Callable[[StaffTalk], str], talk: StaffTalk) -> str:
        with self._tx.journaled() as journal:
            reply = str(handler(talk))
        if not journal.entries and talk.change_final is None:
            return reply
        changes.keep(
            self._tx,
            staff_id=self._staff.id,
            label=talk.change_label or reply.splitlines()[0][:40],
            entries=journal.entries,
            final=talk.change_final,
            message_key=self._message.key,
        )
        return reply if talk.change_final is not None else f"{reply}\n（不对就回复“撤销”）"

    def _ask_first(self, wide: Wide, talk: StaffTalk) -> str:
        """The code does the very line that was said, whichever verb it has."""
        line = talk.line if len(talk.line) <= ECHO else f"{talk.line[:ECHO]}…"
        question = f"这一句会改 {len(wide.people)} 位顾客（{names_of(wide.people)}），还没有做：\n{line}"
        people = [customer.id for customer in wide.people]
        return talk.confirm("line", {"line": talk.line, "chosen": talk.chosen, "people": people}, question)

    def _offer_file(self, unfiled: Unfiled, line: str, chosen: dict[str, int]) -> str:
        """Opening a file for a name nobody has, and going on with the line, is one number away; nothing is done yet."""
        name = unfiled.whom.text
        payload = {
            "line": line,
            "asked": name,
            "options": [NEW_FILE, *(customer.id for customer in unfiled.near)],
            "chosen": chosen,
        }
        offers = [f"给“{name}”建档，并记上这一笔", *(f"是 {shown(customer)}" for customer in unfiled.near)]
        desk.ask(self._tx, self._staff.id, desk.Question("choice", payload, offers))
        return "\n".join([f"没有找到“{name}”这位顾客，还没有记。回复数字（5 分钟内）：", *_numbered(offers)])

    def _ask_which(self, unclear: Unclear, line: str, chosen: dict[str, int]) -> str:
        people = unclear.candidates[: customers.SHOWN_MATCHES]
        payload = {
            "line": line,
            "asked": unclear.whom.text,
            "options": [customer.id for customer in people],
            "chosen": chosen,
        }
        labels = [f"{shown(customer)}{_tail(customer.phone)}" for customer in people]
        desk.ask(self._tx, self._staff.id, desk.Question("choice", payload, labels))
        more = "\n还有更多，请说得再具体些。" if len(unclear.candidates) > len(people) else ""
        return f"“{unclear.whom.text}”有好几位，回复数字选一位（5 分钟内）：\n" + "\n".join(_numbered(labels)) + more

    def _talk(self, intent: object, line: str) -> StaffTalk:
        return StaffTalk(self._tx, self._settings, self._message, intent, self._staff, line)

    def _now(self) -> datetime:
        return self._tx.now.astimezone(self._settings.timezone)


def _picked(question: desk.Question, intent: Intent) -> str:
    """The line that was chosen of those offered, empty if none was; a yes is enough for the only one.

    Not so where something else waits for a yes as well (``by_number``).
    """
    options: list[str] = question.payload["options"]
    if isinstance(intent, Yes) and len(options) == 1 and not question.payload.get("by_number"):
        return options[0]
    in_range = isinstance(intent, Choice) and 1 <= intent.number <= len(options)
    return options[intent.number - 1] if isinstance(intent, Choice) and in_range else ""


def _is_text(line: str, intent: Intent, *, again: bool) -> bool:
    """Whether a line after 「话术 新建 名称」 is the script's text and not the next command.

    ``again``: a text was refused already, so that a long line without any stop is rather something else.
    """
    if isinstance(intent, NotUnderstood | Choice | Courtesy) or (
        isinstance(intent, Visit) and not line.startswith("到店")
    ):
        return True  # 新款到店 is a fine text
    if again and isinstance(intent, ScriptNew | ScriptEdit | PlayEdit):
        return False
    is_long = len(line) >= PENDING_TEXT_AT_LEAST and not again
    return is_long or any(letter in PUNCTUATION for letter in line)


def _whose(line: str, intent: Intent) -> str:
    """The customer a line after a picture names, empty where it is something else."""
    who = re.sub(r"^这?是(?=.)|的$", "", line.strip())
    people = read_whom(who)
    # A number alone asks for the card as well; 查 小美 does nothing else.
    named = isinstance(intent, NotUnderstood | Choice) or (isinstance(intent, Show) and people == intent.whom)
    return who if named and len(people) == 1 and len(line) <= NAMED_AT_MOST else ""


def _numbered(offers: Sequence[str]) -> list[str]:
    return [f"{number}. {offer}" for number, offer in enumerate(offers, start=1)]


def _tail(phone: str | None) -> str:
    return f" 尾号{phone[-4:]}" if phone else ""
