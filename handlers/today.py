"""The day's work: who to talk to next, the text to copy, and answering who waits."""

from __future__ import annotations

from bot.delivery import limits, outbox
from bot.domain.customers import service as customers
from bot.domain.customers import timeline, waiting
from bot.domain.customers.rules import shown
from bot.domain.journeys import Task, settle, tasks_of_today
from bot.domain.merchants import desk
from bot.domain.orders import service as orders
from bot.errors import Refusal
from bot.language.intents import Answer, NextBatch, TaskDone, TaskLater, TaskText, Today, Waiting
from handlers.talk import StaffTalk, on

BATCH = 5
LINES = 3  # of what a customer said, in the list of those who wait
POSTPONABLE = ("follow_up", "used_up")


@on.staff(Today)
def today(talk: StaffTalk) -> str:
    tasks = tasks_of_today(talk.tx, talk.now)
    if not tasks:
        return "今天没有要做的事。可以看看“新客”，或发“群发 O 用 到店礼A”。"
    return f"今天 {talk.now:%m月%d日}，共 {len(tasks)} 件：\n{_first_five(talk, tasks)}"


@on.staff(NextBatch)
def next_batch(talk: StaffTalk) -> str:
    tasks = tasks_of_today(talk.tx, talk.now)
    return f"下一批：\n{_first_five(talk, tasks)}" if tasks else "都做完了。"


def _first_five(talk: StaffTalk, tasks: list[Task]) -> str:
    batch = tasks[:BATCH]
    desk.show_list(talk.tx, talk.staff.id, [_named(task) for task in batch])
    lines = [f"{number}. {shown(task.customer)} {_why(task)}" for number, task in enumerate(batch, start=1)]
    if len(tasks) > BATCH:
        lines.append(f"还有 {len(tasks) - BATCH} 件，做完发“下一批”")
    hints = ["做完：完成 1"]
    hints += [f"改天：推迟 {number} 明天" for number, task in enumerate(batch, 1) if task.kind in POSTPONABLE][:1]
    hints += [f"要文案：文案 {number}" for number, task in enumerate(batch, 1) if task.text][:1]
    lines.append("；".join(hints))
    return "\n".join(lines)


def _why(task: Task) -> str:
    return f"VIP · {task.why}" if task.customer.vip else task.why


@on.staff(TaskDone)
def done(talk: StaffTalk) -> str:
    task = _task(talk, talk.intent.task)
    settle(talk.tx, task, staff_id=talk.staff.id)
    if task.kind == "by_hand":
        talk.final("人工发出的消息收不回")
    timeline.add(talk.tx, task.customer.id, "talk", f"联系过：{talk.intent.said or task.why}", talk.staff.id)
    return f"{shown(task.customer)} 做完了。接着：下一批"


@on.staff(TaskLater)
def later(talk: StaffTalk) -> str:
    task = _task(talk, talk.intent.task)
    if task.kind not in POSTPONABLE:
        raise Refusal("这件事不能推迟。做完发“完成”，不想做就先放着。")
    until = talk.intent.until
    if task.kind == "follow_up":
        task.customer.next_at = until
    else:
        orders.used_up(talk.tx, orders.get(talk.tx, task.row), due=until, staff_id=talk.staff.id)
    return f"{shown(task.customer)} 推迟到 {talk.here(until):%m月%d日}"


@on.staff(TaskText)
def text(talk: StaffTalk) -> str:
    task = _task(talk, talk.intent.task)
    if not task.text:
        raise Refusal(f"这件事没有现成的文案。看话术：话术；试一条：话术 试 到店礼A #{task.customer.id}")
    return task.text


def _named(task: Task) -> list[int | str]:
    """What a task is remembered by: saying 完成 1 twice must not settle what the customer is listed for next."""
    return [task.customer.id, task.kind, task.row]


def _task(talk: StaffTalk, number: int) -> Task:
    shown_before = desk.listed(talk.tx, talk.staff.id)
    if not 1 <= number <= len(shown_before):
        raise Refusal(f"清单里没有第 {number} 件。发送“今日”看清单。")
    wanted = shown_before[number - 1]
    for task in tasks_of_today(talk.tx, talk.now):
        if _named(task) == wanted:
            return task
    raise Refusal(f"第 {number} 件已经做完了。发送“下一批”看后面的。")


@on.staff(Waiting)
def waiting_list(talk: StaffTalk) -> str:
    found = waiting.list_waiting(talk.tx)
    if not found:
        return "没有顾客在等回复。"
    lines = [f"等回复的顾客 {len(found)} 位："]
    for item in found[:10]:
        left, closes = limits.left(talk.tx, item.account, [item.person_id], talk.tx.now).get(item.person_id, (0, None))
        window = f"还能回 {left} 条，到 {talk.here(closes):%m-%d %H:%M}" if closes else "窗口已关，等 TA 再说话"
        mark = "❗" if item.urgent else ""
        words = " / ".join(said.text[:30] for said in waiting.lately(talk.tx, item.customer.id, LINES, waiting=True))
        count = f"（共 {item.count} 条）" if item.count > LINES else ""
        lines.append(f"{mark}{shown(item.customer)}：{words}{count}（{window}）")
    lines.append(f"回复：回 #{found[0].customer.id} 您好")
    return "\n".join(lines)


@on.staff(Answer)
def answer(talk: StaffTalk) -> str:
    if not talk.intent.text:
        raise Refusal("要回什么？例子：回 小美 您好，到货了")
    customer = talk.one(talk.intent.whom)
    reachable = [identity for identity in customers.identities(talk.tx, [customer.id]) if identity.relation == "active"]
    for identity in reachable:
        left = limits.left(talk.tx, identity.account, [identity.person_id], talk.tx.now).get(identity.person_id)
        if left is None:
            continue
        outbox.queue(
            talk.tx,
            account=identity.account,
            person_id=identity.person_id,
            payload={"type": "text", "text": talk.intent.text},
            purpose="service",
            customer_id=customer.id,
            key=f"answer:{talk.message.account}:{talk.message.key}:{customer.id}",
        )
        waiting.answered(talk.tx, customer.id, staff_id=talk.staff.id)
        timeline.add(talk.tx, customer.id, "answer", f"回复：{talk.intent.text[:100]}", talk.staff.id)
        talk.label(f"回复 {shown(customer)}")
        talk.final("已经发出去的消息收不回。可以再回一条更正。")
        return f"已回 {shown(customer)}（还能回 {left[0] - 1} 条）"
    why = "48 小时内没说过话，平台不让主动发" if reachable else "没有关注公众号"
    raise Refusal(f"{shown(customer)} {why}，没有发出去。可以打电话，或等 TA 下次说话再回。")
