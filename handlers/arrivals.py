"""What customers do without a command: come, go, scan, tap, and say something a person should read."""

from __future__ import annotations

from bot.delivery import outbox, taps
from bot.domain.campaigns import replies
from bot.domain.care import packets
from bot.domain.complaints import service as complaints
from bot.domain.customers import channels, media, timeline, waiting
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.domain.journeys import words_by_hand
from bot.domain.merchants import auto_replies, notices
from bot.domain.scripts import welcomes
from bot.errors import Refusal
from bot.language.intents import Complain, FreeTalk
from bot.language.work_intents import OpenCase
from handlers.talk import CustomerTalk, StaffTalk, Talk, on

ONE_OF_US = "您已经是店里的人了，发送“帮助”看能说什么。"
QUOTE = 60  # characters of a customer's words that a notice shows


@on.event("follow")
def follow(talk: CustomerTalk) -> str:
    """Welcomes a follower once per event; who comes back keeps the number."""
    message = talk.message
    customers.followed(talk.tx, message.account, message.sender, at=message.created_at)
    if talk.met.is_staff:
        return ONE_OF_US
    customer = talk.customer()
    _from_channel(talk, customer)
    customers.seen(talk.tx, customer.id, acknowledged=False)
    came = "新顾客 " if talk.met.is_new else "老顾客回来了："
    hint = f"取个名字：改名 #{customer.id} 李姐" if talk.met.name is None else f"看档案：查 #{customer.id}"
    notices.tell_all(
        talk.tx, f"{came}{shown(customer)} 关注了公众号。\n{hint}", kind="new_customer", subject=f"new:{customer.id}"
    )
    if message.event_key:
        state, is_new = message.event_key, talk.met.is_new
        return welcomes.welcome_for(talk.tx, talk.shop, message.account, state, customer, is_new=is_new)
    if talk.met.is_new or talk.met.name is None:
        return talk.say("bot/welcome")
    return talk.say("welcome/back", c={"name": talk.met.own_name or ""})


def _from_channel(talk: CustomerTalk, customer: Customer) -> None:
    """A parametric code names the channel; the first one stays the customer's channel."""
    message = talk.message
    channels.joined(
        talk.tx, message.account, message.event_key, customer, person_id=message.sender, at=message.created_at
    )


@on.event("unfollow")
def unfollow(talk: CustomerTalk) -> str:
    """Nothing more goes to this address; the file and the ledger stay."""
    message = talk.message
    if customers.unfollowed(talk.tx, message.account, message.sender, at=message.created_at):
        outbox.cancel_for_customer(talk.tx, talk.customer_id, "已取消关注", account=message.account)
    return ""


@on.event("scan")
def scan(talk: CustomerTalk) -> str:
    if talk.met.is_staff:
        return ONE_OF_US
    customer = talk.customer()
    _from_channel(talk, customer)
    customers.seen(talk.tx, customer.id, acknowledged=False)
    message = talk.message
    if channels.welcome_text(talk.tx, message.account, message.event_key):
        return welcomes.welcome_for(
            talk.tx, talk.shop, message.account, message.event_key, customer, is_new=talk.met.is_new
        )
    return talk.say("welcome/back", c={"name": talk.met.own_name or ""})


@on.event("masssendjobfinish")
def mass_finished(talk: Talk) -> str:
    """The platform's report on a mass job, by which rows sent are confirmed or become failed."""
    fields = talk.message.fields
    counts = {name: fields.get(name) for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")}
    outbox.mass_finished(
        talk.tx, talk.message.account, str(fields.get("MsgID", "")), str(fields.get("Status", "")), counts
    )
    return ""


@on.customer(FreeTalk)
def free_talk(talk: CustomerTalk) -> str:
    """Keeps the words before staff and tells them; the customer hears back at most once an hour.

    The shop's automatic answer comes at once: where the words are the very question nobody needs to answer once more,
    where they only hold it staff still look.
    """
    text = talk.intent.text
    fitting = auto_replies.answer_to(talk.tx, text) if talk.message.kind == "text" else None
    _hear(talk, text, urgent=False, answered=fitting is not None and fitting.whole)
    if fitting is not None:
        customers.seen(talk.tx, talk.customer_id, acknowledged=True)
        return fitting.answer
    if talk.message.kind == "text" and packets.answered(talk.tx, talk.customer_id, text) is not None:
        customers.seen(talk.tx, talk.customer_id, acknowledged=True)
        return talk.say("redpacket/thanks")
    due = waiting.acknowledge_due(talk.met.acknowledged_at, talk.tx.now)
    customers.seen(talk.tx, talk.customer_id, acknowledged=due)
    return talk.say("bot/acknowledge") if due else ""


@on.customer(Complain)
def complain(talk: CustomerTalk) -> str:
    """Opens a numbered case; plain anger goes on top of the list, and staff decide whether it is a case."""
    kind, words = talk.intent.kind, talk.intent.words or talk.message.text
    _hear(talk, words, urgent=True, of=complaints.WORDS[kind])
    customers.seen(talk.tx, talk.customer_id, acknowledged=True)
    if kind == "angry":
        return talk.say("bot/acknowledge")
    case = complaints.open_case(talk.tx, customer_id=talk.customer_id, kind=kind, text=words)
    if kind == "person":
        return f"{talk.say('bot/ask_person')}\n（编号 {case.id}）"
    answer = talk.say("complaints/received" if kind == "complaint" else "complaints/suggestion")
    return f"{answer}\n（编号 {case.id}）"


@on.staff(OpenCase)
def open_case(talk: StaffTalk) -> str:
    """Staff take what a customer said for a complaint: it stands in 今日 until done, and stops marketing meanwhile."""
    customer = talk.one(talk.intent.whom)
    there = next((case for case, whose in complaints.open_complaints(talk.tx) if whose.id == customer.id), None)
    if there is not None:
        raise Refusal(f"{shown(customer)} 的投诉 {there.id} 还开着，没有再立。处理完在“今日”里发“完成”。")
    said = waiting.lately(talk.tx, customer.id, 1)
    words = talk.intent.text or (said[-1].text if said else "")
    if not words:
        raise Refusal(f"{shown(customer)} 最近没说过话，请写上什么事，例如：立案 #{customer.id} 裙子破了要退钱")
    case = complaints.open_case(talk.tx, customer_id=customer.id, kind="complaint", text=words)
    timeline.add(talk.tx, customer.id, "case", f"立案 {case.id}：{words[:100]}", talk.staff.id)
    talk.label(f"{shown(customer)} 立案 {case.id}")
    quoted = words if len(words) <= QUOTE else f"{words[:QUOTE]}…"
    return f"立案了：{shown(customer)} 投诉 {case.id}（{quoted}）。\n在“今日”里，处理完发“完成”；这期间不给 TA 发营销消息。"


def _hear(talk: CustomerTalk, words: str, *, urgent: bool, of: str = "", answered: bool = False) -> None:
    message = talk.message
    media_id = str(message.fields.get("MediaId") or "") or None
    if media_id and message.kind in media.FETCHED:
        media.want(talk.tx, message.account, media_id)
    written_to = talk.met.written_to
    sender = (talk.tx, message.account, message.sender)
    tap = message.event_key if message.kind == "text" else ""
    broadcast = taps.tapped(*sender, tap, message.created_at) if tap else None
    letter = (
        outbox.letter_replied(talk.tx, talk.customer_id, message.created_at) if written_to and not broadcast else ""
    )
    broadcast = broadcast or outbox.replied(*sender, message.created_at) if written_to and not letter else None
    if broadcast is not None:
        replies.leave_alone(talk.tx, talk.shop, talk.customer_id)
    waiting.hear(
        talk.tx,
        talk.customer_id,
        account=message.account,
        person_id=message.sender,
        kind=message.kind,
        text=words,
        media_id=media_id,
        at=message.created_at,
        urgent=urgent,
        broadcast_id=broadcast,
        waiting=not answered,
    )
    if answered:
        return
    hint = f"\n要按投诉处理：立案 #{talk.customer_id}" if of == complaints.WORDS["angry"] else ""
    name = f"{talk.met.name} #{talk.customer_id}" if talk.met.name else f"#{talk.customer_id}"
    answers = f"群发 {broadcast}" if broadcast else letter and f"“{letter}”"
    about = f"（回复{answers}）" if answers else f"（{of}）" if of else ""
    offer = ""
    if (
        written_to
        and not urgent
        and (by_hand := words_by_hand(talk.tx, talk.customer_id, message.account, message.sender))
    ):
        short = by_hand.text if len(by_hand.text) <= QUOTE else f"{by_hand.text[:QUOTE]}…"
        offer = f"\n有文案没发到 TA，现在能发：回 #{talk.customer_id} 文案\n（{short}）"
    quoted = words if len(words) <= QUOTE else f"{words[:QUOTE]}…"
    notices.tell_all(
        talk.tx,
        f"{name} 说{about}：{quoted}\n回 TA：回 #{talk.customer_id} 您好{hint}{offer}",
        kind="reply",
        urgent=urgent,
        subject=f"said:{talk.customer_id}",
    )
