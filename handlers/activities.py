"""Group activities: staff open and close them, customers join by a word."""

from __future__ import annotations

from bot.delivery import outbox
from bot.domain.activities import service as activities
from bot.domain.activities.models import Activity
from bot.domain.activities.rules import facts, when
from bot.domain.customers import segments
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import shown
from bot.errors import Refusal
from bot.language.activity_intents import ActivityClose, ActivityList, ActivityNew, ActivityRoster, CheckIn, SignUp
from bot.language.intents import Activities, Join, Leave
from bot.language.normalise import display_name
from bot.language.segments import parse_segment
from handlers.talk import CustomerTalk, StaffTalk, Talk, names_of, on


def _facts(talk: Talk, activity: Activity) -> dict[str, str]:
    return facts(activity, talk.shop.timezone, talk.tx.now)


def _when(talk: Talk, activity: Activity) -> str:
    return when(activity.at, talk.shop.timezone, talk.tx.now)


def _line(talk: Talk, activity: Activity) -> str:
    places = "不限名额" if activity.capacity is None else f"{activity.taken}/{activity.capacity} 位"
    place = f" {activity.place}" if activity.place else ""
    return f"活动 {activity.id}：{activity.title} {_when(talk, activity)}{place} {places}"


@on.staff(ActivityNew)
def create(talk: StaffTalk) -> str:
    intent = talk.intent
    if intent.audience:
        parse_segment(intent.audience)
    title, cut = display_name(intent.title)
    activity = activities.create(
        talk.tx,
        title=title,
        at=intent.at,
        capacity=intent.capacity,
        place=intent.place,
        audience=intent.audience,
        staff_id=talk.staff.id,
    )
    talk.label(f"开活动 {activity.id} {activity.title}")
    audience = f"\n对象：{intent.audience}" if intent.audience else ""
    how = f"顾客回复“报名 {activity.id}”就能参加\n名单：活动 名单 {activity.id}"
    shortened = "\n（名字太长，只留前 64 个字）" if cut else ""
    return f"开好了 {_line(talk, activity)}{shortened}{audience}\n{how}"


@on.staff(ActivityList)
def list_for_staff(talk: StaffTalk) -> str:
    found = activities.open_ones(talk.tx)
    if not found:
        return "现在没有活动。开一个：活动 新建 会员茶会 周六14:00 名额20 地点 本店"
    return "\n".join(_line(talk, activity) for activity in found)


@on.staff(ActivityRoster)
def roster(talk: StaffTalk) -> str:
    activity = activities.get(talk.tx, talk.intent.activity)
    rows = activities.roster(talk.tx, activity)
    lines = [_line(talk, activity)]
    lines += [
        f"{number}. {shown(customer)}{' ✓到场' if sign_up.checked_in_at else ''}"
        for number, (sign_up, customer) in enumerate((row for row in rows if row[0].state == "in"), start=1)
    ]
    waiting = [shown(customer) for sign_up, customer in rows if sign_up.state == "waiting"]
    if waiting:
        lines.append(f"候补：{'、'.join(waiting)}")
    if len(lines) == 1:
        lines.append("还没有人报名。")
    return "\n".join(lines)


@on.staff(ActivityClose)
def close(talk: StaffTalk) -> str:
    activity = activities.get(talk.tx, talk.intent.activity)
    if not activity.open:
        raise Refusal(f"活动 {activity.id} 早就关闭了。")
    activity.open = False
    talk.label(f"关闭活动 {activity.id} {activity.title}")
    return f"活动 {activity.id} {activity.title} 已关闭报名，已报名 {activity.taken} 位"


@on.staff(CheckIn)
def check_in(talk: StaffTalk) -> str:
    activity = activities.get(talk.tx, talk.intent.activity)
    customer = talk.one(talk.intent.whom)
    activities.check_in(talk.tx, activity, customer)
    talk.label(f"{shown(customer)} 签到“{activity.title}”")
    return f"{shown(customer)} 已签到“{activity.title}”，也记为到店（Y）"


@on.staff(SignUp)
def sign_up(talk: StaffTalk) -> str:
    """Staff put down who told them, for whoever writes to nobody but them."""
    activity = activities.get(talk.tx, talk.intent.activity)
    people = talk.all(talk.intent.whom)
    if talk.intent.leaves:
        for customer in people:
            if activity.id not in {one.id for one, _state in activities.joined_by(talk.tx, customer.id)}:
                raise Refusal(f"{shown(customer)} 没有报名“{activity.title}”，不用取消。")
            moved_up = activities.leave(talk.tx, activity, customer)
            if moved_up is not None:
                tell_moved_up(talk, activity, moved_up)
        talk.final(f"位置可能已经给了候补的人。要再报：报名 {activity.id} {shown(people[0])}")
        return f"已取消 {names_of(people)} 在“{activity.title}”的报名。"
    lines = []
    for customer in people:
        joined = activities.join(talk.tx, activity, customer)
        place = "报上了" if joined.state == "in" else f"在候补第 {joined.place} 位"
        lines.append(f"{shown(customer)} {'本来就' if joined.again else ''}{place}")
    talk.final(f"位置已经占上。要退：取消报名 {activity.id} {shown(people[0])}")
    return f"{_line(talk, activity)}\n" + "\n".join(lines) + f"\n要退：取消报名 {activity.id} 名字"


@on.customer(Activities)
def list_for_customer(talk: CustomerTalk) -> str:
    found = [activity for activity in activities.open_ones(talk.tx) if _invited(talk, activity)]
    if not found:
        return "最近还没有活动，有了会告诉您。"
    lines = []
    for activity in found:
        full = activity.capacity is not None and activity.taken >= activity.capacity
        place = f" {activity.place}" if activity.place else ""
        lines.append(
            f"{activity.id}. {activity.title} {_when(talk, activity)}{place}{'（已满，可候补）' if full else ''}"
        )
    return "最近的活动：\n" + "\n".join(lines) + f"\n想参加回复：报名 {found[0].id}"


@on.customer(Join)
def join(talk: CustomerTalk) -> str:
    activity = _meant(talk, "报名")
    if not _invited(talk, activity):
        raise Refusal(f"“{activity.title}”是给部分老顾客的活动，这次没有您的名额。发送“活动”看看别的。")
    joined = activities.join(talk.tx, activity, talk.customer())
    about = _facts(talk, activity)
    if joined.state == "in":
        return (
            talk.say("activities/joined", a=about)
            if not joined.again
            else f"您已经报上“{activity.title}”了，{about['when']} 见。"
        )
    if joined.again:
        return f"您在“{activity.title}”的候补第 {joined.place} 位，有位置马上通知您。"
    return f"{talk.say('activities/waiting', a=about)}（候补第 {joined.place} 位）"


@on.customer(Leave)
def leave(talk: CustomerTalk) -> str:
    activity = _meant(talk, "取消报名")
    moved_up = activities.leave(talk.tx, activity, talk.customer())
    if moved_up is not None:
        tell_moved_up(talk, activity, moved_up)
    return f"已取消“{activity.title}”的报名。想再来，回复“报名 {activity.id}”。"


def _meant(talk: CustomerTalk, word: str) -> Activity:
    if talk.intent.activity is not None:
        return activities.get(talk.tx, talk.intent.activity)
    if word == "取消报名":
        choices = [activity for activity, _state in activities.joined_by(talk.tx, talk.customer_id)]
    else:
        choices = [activity for activity in activities.open_ones(talk.tx) if _invited(talk, activity)]
    odd = talk.intent.odd
    if len(choices) == 1 and not odd:
        return choices[0]
    if not choices:
        raise Refusal("您没有报名的活动。" if word == "取消报名" else "最近还没有活动，有了会告诉您。")
    listed = "\n".join(f"{activity.id}. {activity.title} {_when(talk, activity)}" for activity in choices)
    told = f"没有编号是“{odd}”的活动，请带上编号" if odd else "请带上编号"
    raise Refusal(f"{told}：\n{listed}\n例如：{word} {choices[0].id}")


def _invited(talk: CustomerTalk, activity: Activity) -> bool:
    if not activity.audience:
        return True
    return segments.holds(talk.tx, parse_segment(activity.audience), talk.customer_id, talk.now)


def tell_moved_up(talk: Talk, activity: Activity, customer: Customer) -> None:
    """Tells who moved up, by customer message where the window is open; otherwise it lands in the list by hand."""
    payload = {"type": "text", "text": talk.say("activities/moved_up", a=_facts(talk, activity))}
    for identity in customers.identities(talk.tx, [customer.id]):
        if identity.relation == "active":
            outbox.queue(
                talk.tx,
                account=identity.account,
                person_id=identity.person_id,
                payload=payload,
                purpose="service",
                customer_id=customer.id,
                key=f"moved-up:{activity.id}:{customer.id}:{activity.taken}:{talk.message.key}",
            )
            return
