"""The day's work: who to talk to next, the text to copy, and answering who waits."""

from __future__ import annotations

from datetime import datetime

from bot.delivery import limits, outbox
from bot.delivery.limits import Rest
from bot.delivery.outbox import Delivery
from bot.delivery.rules import TEXT_BYTES, quiet_until
from bot.domain import working_day
from bot.domain.campaigns import replies
from bot.domain.care import occasions
from bot.domain.customers import media, photos, timeline, waiting, walks
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Identity, Utterance
from bot.domain.customers.rules import MEDIA_WORDS, known_name, shown
from bot.domain.journeys import answer as send_answer
from bot.domain.journeys import being_answered, send_by_hand_words, words_by_hand
from bot.domain.merchants import desk
from bot.domain.merchants import service as merchants
from bot.domain.orders import service as orders
from bot.domain.working_day import URGENT, Task
from bot.errors import Refusal
from bot.language.file_intents import SendOn
from bot.language.work_intents import Answer, NextBatch, TaskDone, TaskLater, TaskText, Today, Waiting
from handlers import answers_by_task
from handlers.talk import StaffTalk, on

BATCH = 5
WAITING_SHOWN = 10
LINES = 3  # of what a customer said, in the list of those who wait
QUOTE = 30  # characters of a line there
BY_HAND_WORD = "文案"  # 回 小美 文案: what was to be sent to her by hand


@on.staff(Today)
def today(talk: StaffTalk) -> str:
    day = working_day.day(talk.tx, talk.shop, talk.now, talk.staff.id)
    found, elsewhere = day.tasks, _with_colleagues(talk, day)
    importing = "".join(f"\n（{walks.progress(walk)}）" for walk in walks.first_imports(talk.tx))
    if not found:
        if elsewhere:
            return f"今天的事都有人在做：{elsewhere}。{importing}"
        return f"今天没有要做的事。可以看看“新客”，或发“群发 O 用 到店礼A”。{importing}"
    count = f"{len(found) // 100 * 100} 多件" if day.more else f"{len(found)} 件"
    lines = [f"今天 {talk.day(talk.now)}，共 {count}：", _batch(talk, found, found)]
    return "\n".join([*lines, *([f"同事手上：{elsewhere}"] if elsewhere else [])]) + importing


@on.staff(NextBatch)
def next_batch(talk: StaffTalk) -> str:
    """Who was not shown yet; when everybody was, what is left from the beginning."""
    found = working_day.day(talk.tx, talk.shop, talk.now, talk.staff.id).tasks
    if not found:
        return "都做完了。"
    seen = desk.dealt_to(talk.tx, talk.staff.id, talk.now.date().isoformat())
    listed = desk.listed(talk.tx, talk.staff.id)
    # The list goes on below what was shown last, also with somebody dealt this morning for another reason.
    after = max((place for place, task in enumerate(found) if task.named in listed), default=len(found))
    fresh = [task for place, task in enumerate(found) if place > after or task.customer.id not in seen]
    if not fresh:
        return f"后面没有新的了，还没做完的：\n{_batch(talk, found, found)}"
    return f"下一批：\n{_batch(talk, fresh, found)}"


def _with_colleagues(talk: StaffTalk, day: working_day.Day) -> str:
    names = {staff.id: staff.name for staff in merchants.active_staff(talk.tx)}
    return "，".join(f"{names[number]} {count} 件" for number, count in day.elsewhere.items() if number in names)


def _batch(talk: StaffTalk, wanted: list[Task], found: list[Task]) -> str:
    """Deals five of ``wanted`` and shows them; ``found`` is all there is to do."""
    batch = working_day.deal(talk.tx, wanted, BATCH, staff_id=talk.staff.id, today=talk.now.date())
    desk.show_list(talk.tx, talk.staff.id, [task.named for task in batch])
    keepers = {staff.id: staff.name for staff in merchants.active_staff(talk.tx)}
    lines = [
        f"{number}. {shown(task.customer)} {_why(task)}{_kept(talk, task, keepers)}"
        for number, task in enumerate(batch, start=1)
    ]
    after = len(wanted) - len(batch)
    if after:
        lines.append(f"还有 {after} 件，做完发“下一批”")
    elif len(found) > len(batch):
        lines.append(f"前面还有 {len(found) - len(batch)} 件没做，发“今日”从头看")
    hints = [f"回话：回 #{task.customer.id} 您好" for task in batch if task.kind == "waiting"][:1]
    hints.append("做完：完成 1")
    hints += [f"改天：推迟 {number} 明天" for number, task in enumerate(batch, 1) if task.kind not in URGENT][:1]
    hints += [f"要文案：文案 {number}" for number, task in enumerate(batch, 1) if task.text or task.script][:1]
    lines.append("；".join(hints))
    return "\n".join(lines)


def _why(task: Task) -> str:
    return f"VIP · {task.why}" if task.customer.vip else task.why


def _kept(talk: StaffTalk, task: Task, keepers: dict[int, str]) -> str:
    keeper = task.customer.keeper_id
    return f"（{keepers[keeper]}的顾客）" if keeper in keepers and keeper != talk.staff.id else ""


@on.staff(TaskDone)
def done(talk: StaffTalk) -> str:
    task = _task(talk, talk.intent.task)
    said = talk.intent.said
    working_day.settle(talk.tx, task, staff_id=talk.staff.id, now=talk.now, said=said)
    if task.kind == "by_hand":
        talk.final("人工发出的消息收不回")
    timeline.add(talk.tx, task.customer.id, "talk", f"联系过：{said or task.why}", talk.staff.id)
    talk.label(f"{shown(task.customer)} 做完了")
    return f"{shown(task.customer)} 做完了。这一批都做完了再发“下一批”"


@on.staff(TaskLater)
def later(talk: StaffTalk) -> str:
    task = _task(talk, talk.intent.task)
    until = talk.intent.until
    if not working_day.put_off(talk.tx, task, until, staff_id=talk.staff.id):
        raise Refusal("顾客正等着，这件事不能推迟。做完发“完成”，或先简单回一句。")
    return f"{shown(task.customer)} 推迟到 {talk.day(until)}"


@on.staff(TaskText)
def text(talk: StaffTalk) -> str:
    """Nothing but the text: a phone copies whole bubbles."""
    task = _task(talk, talk.intent.task)
    if task.text:
        return task.text
    if not task.script:
        number = task.customer.id
        answer = f"TA 在等您回话，直接说：回 #{number} 您好" if task.kind == "waiting" else ""
        raise Refusal(f"这件事没有现成的文案。{answer or f'看话术：话术；试一条：话术 试 到店礼A #{number}'}")
    order = orders.get(talk.tx, task.row) if task.kind in ("stage", "used_up") else None
    of_day = {"gift": occasions.get(talk.tx, "生日").gift} if task.kind == "birthday" else None
    return working_day.words(talk.tx, talk.shop, task.script, task.customer, order, of_day=of_day)


def _task(talk: StaffTalk, number: int) -> Task:
    shown_before = desk.listed(talk.tx, talk.staff.id)
    if not 1 <= number <= len(shown_before):
        raise Refusal(f"清单里没有第 {number} 件。发送“今日”看清单。")
    task = working_day.standing(talk.tx, talk.shop, talk.now, shown_before[number - 1])
    if task is not None:
        return task
    raise Refusal(f"第 {number} 件已经做完了。发送“下一批”看后面的。")


@on.staff(Waiting)
def waiting_list(talk: StaffTalk) -> str:
    found = waiting.list_waiting(talk.tx, WAITING_SHOWN)
    if not found:
        return "没有顾客在等回复。"
    answers = being_answered(talk.tx)
    scripts = replies.answered(talk.tx, found)
    total = waiting.count_waiting(talk.tx)
    lines = [f"等回复的顾客 {total} 位："]
    for item in found:
        mark = "❗" if item.urgent else ""
        said = waiting.lately(talk.tx, item.customer.id, LINES, waiting=True)
        words = " / ".join(_quoted(talk, one) for one in said)
        count = f"（共 {item.count} 条）" if item.count > LINES else ""
        count += f"（答{scripts[item.customer.id]}）" if item.customer.id in scripts else ""
        lines.append(f"{mark}{shown(item.customer)}：{words}{count}（{_how_answered(talk, item, answers)}）")
    if total > len(found):
        lines.append(f"还有 {total - len(found)} 位，回完这些再发“待回”")
    lines.append(f"回复：回 #{found[0].customer.id} 您好")
    return "\n".join(lines)


def _quoted(talk: StaffTalk, said: Utterance) -> str:
    """What was said; of a picture or voice message also that it is one, and where it lies."""
    if said.kind not in media.FETCHED or not said.media_id:
        return said.text[:QUOTE]
    word = MEDIA_WORDS[said.kind]
    heard = "" if said.text == word else said.text[:QUOTE]
    kept = media.get(talk.tx, said.account, said.media_id)
    if kept is None or kept.lost:
        return f"{word}{heard}（没取到）"
    return f"{word}{heard}（{f'店里电脑 media/{kept.file}' if kept.file else '正在取回'}）"


def _how_answered(talk: StaffTalk, item: waiting.Waiting, answers: dict[int, tuple[int, Delivery]]) -> str:
    """Whether an answer is on its way, else how many may be sent and until when."""
    if item.gone:
        return "已取消关注，发不了，等 TA 回来或打电话"
    said, delivery = answers.get(item.customer.id, (0, None))
    if delivery is not None and said >= item.newest:
        rest = outbox.path_rest(talk.tx, item.account, delivery.route)
        return f"回复还没发出：{_why_later(talk, rest)}" if rest else "回复正在发"
    spans = limits.spans(talk.tx, item.account, [item.person_id], talk.tx.now).get(item.person_id)
    can = f"还能回 {talk.how_many(spans)}" if spans else "窗口已关，等 TA 再说话"
    by_hand = words_by_hand(talk.tx, item.customer.id, item.account, item.person_id) if spans else None
    return f"{can}；有文案没发到，现在能发：回 #{item.customer.id} 文案" if by_hand else can


def _why_later(talk: StaffTalk, rest: Rest) -> str:
    return f"{rest.reason}，{talk.moment(rest.until)} 再试"


@on.staff(Answer)
def answer(talk: StaffTalk) -> str:
    text = talk.intent.text
    if not text:
        return _wait_for_media(talk)
    over = len(text.encode()) - TEXT_BYTES
    if over > 0:
        # Chinese takes three bytes a character; whoever shortens by these many is surely within the limit.
        raise Refusal(
            f"这条太长，没有发：微信一条最多 {TEXT_BYTES} 字节（约 {TEXT_BYTES // 3} 个汉字），"
            f"多了 {over} 字节（约 {-(-over // 3)} 个汉字）。请缩短，或分几条回。"
        )
    customer = talk.one(talk.intent.whom)
    if by_task := answers_by_task.offered(talk, customer, text):
        return by_task
    identity, spans = _reach(talk, customer)
    _mark_final(talk, customer)
    if text.strip() == BY_HAND_WORD:
        return _send_by_hand_words(talk, customer, identity)
    return _send(talk, customer, identity, {"type": "text", "text": text}, spans)


def _wait_for_media(talk: StaffTalk) -> str:
    """``回 <谁>`` alone: the picture or voice message that comes next is the answer."""
    customer = talk.one(talk.intent.whom)
    if by_task := answers_by_task.offered(talk, customer, ""):
        return by_task
    _reach(talk, customer)
    _ask_for_media(talk, customer, *media.FETCHED)
    return (
        f"把要发给 {shown(customer)} 的图片或语音发来（10 分钟内），发来就直接转给 TA。\n"
        f"要回文字：回 #{customer.id} 您好，到货了"
    )


def _ask_for_media(talk: StaffTalk, customer: Customer, *kinds: str) -> None:
    line = f"回 {known_name(customer) or ''}".strip()
    question = desk.Question("send_on", {"line": line, "customer": customer.id, "kinds": list(kinds)})
    desk.ask(talk.tx, talk.staff.id, question, life=photos.OPEN_FOR)


@on.staff(SendOn)
def send_on(talk: StaffTalk) -> str:
    """Sends a picture or voice message of staff to the customer they named; the platform still has it, by its id."""
    question = desk.open_question(talk.tx, talk.staff.id)
    if question is None:
        raise Refusal("发给谁？先说“回 小美”，再把图片或语音发来。")
    customer = customers.get(talk.tx, int(question.payload["customer"]))
    identity, spans = _reach(talk, customer)
    _mark_final(talk, customer)
    # Pictures come several at a time; a second voice message is more likely meant for the shop.
    if talk.intent.kind == "image":
        _ask_for_media(talk, customer, "image")
    else:
        desk.close_question(talk.tx, talk.staff.id)
    payload = {"type": talk.intent.kind, "media_id": talk.intent.media_id}
    more = "\n还有图片就接着发。" if talk.intent.kind == "image" and spans else ""
    return f"{MEDIA_WORDS[talk.intent.kind]}{_send(talk, customer, identity, payload, spans)}{more}"


def _mark_final(talk: StaffTalk, customer: Customer) -> None:
    talk.label(f"回复 {shown(customer)}")
    talk.final("发给顾客的消息收不回。可以再回一条更正。")


def _send(
    talk: StaffTalk,
    customer: Customer,
    identity: Identity,
    payload: dict[str, str],
    spans: list[tuple[int, datetime]],
) -> str:
    key = f"answer:{talk.message.account}:{talk.message.key}:{customer.id}"
    customer.keeper_id = customer.keeper_id or talk.staff.id
    send_answer(talk.tx, customer, identity, payload, staff_id=talk.staff.id, key=key, came_by=talk.message.account)
    rest = outbox.path_rest(talk.tx, identity.account, "custom")
    if rest:
        return f"给 {shown(customer)} 的回复先排着：{_why_later(talk, rest)}。没发成会告诉您。"
    can = f"还能回 {talk.how_many(spans)}" if spans else "还能回 0 条，要再回等 TA 说话"
    return f"正在发给 {shown(customer)}（{can}）。没发成会告诉您。"


def _reach(talk: StaffTalk, customer: Customer) -> tuple[Identity, list[tuple[int, datetime]]]:
    """Where a customer can be answered, and what the windows allow beyond that answer. Raises Refusal with the reason.

    The account staff are talking to comes first: it has their pictures already.
    """
    why = talk.unreached
    known = customers.identities(talk.tx, [customer.id])
    for identity in sorted(known, key=lambda one: one.account != talk.message.account):
        if identity.relation != "active":
            continue
        account, person_id = identity.account, identity.person_id
        spans = limits.spans(talk.tx, account, [person_id], talk.tx.now).get(person_id)
        if spans is None:
            why = "48 小时内没说过话，或能回的条数用完了，平台不让主动发"
            continue
        # What is on its way counts as well, although the platform has not drawn it yet.
        left = limits.beyond(spans, outbox.unsent_to(talk.tx, account, person_id, customer.id))
        if left:
            return identity, limits.beyond(left, 1)
        why = "这次能回的条数都在路上了"
    raise Refusal(f"{shown(customer)} {why}，没有发出去。可以打电话，或等 TA 下次说话再回。")


def _send_by_hand_words(talk: StaffTalk, customer: Customer, identity: Identity) -> str:
    found = words_by_hand(talk.tx, customer.id, identity.account, identity.person_id)
    if found is None or not send_by_hand_words(talk.tx, found, staff_id=talk.staff.id):
        raise Refusal(f"没有等着发给 {shown(customer)} 的文案。要回话：回 #{customer.id} 您好")
    name = f"群发 {found.broadcast} 的文案" if found.broadcast else "那条文案"
    quiet = quiet_until(talk.shop.quiet_hours, talk.shop.timezone, talk.tx.now)
    when = f"安静时间过后（{talk.moment(quiet)}）发" if quiet else "正在发"
    return f"{name}{when}给 {shown(customer)}，没发成会告诉您：\n{found.text}"
