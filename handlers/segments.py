"""人群: counted with examples, kept under names, and why somebody is in one or not, or got nothing."""

from __future__ import annotations

from bot.domain.activities import service as activities
from bot.domain.campaigns import outcomes
from bot.domain.campaigns import service as campaigns
from bot.domain.customers import saved_segments, segment_reasons, segments, tags
from bot.domain.customers.rules import classes, shown
from bot.errors import Refusal
from bot.language.segment_intents import (
    Segment,
    SegmentDelete,
    SegmentList,
    SegmentRename,
    SegmentSave,
    WhyBroadcast,
    WhySegment,
)
from bot.language.segments import explain, parse_segment
from handlers.campaigns import meant
from handlers.talk import StaffTalk, on


@on.staff(Segment)
def segment(talk: StaffTalk) -> str:
    expression = talk.intent.expression
    tree = parse_segment(expression)
    count, examples = segments.look(talk.tx, tree, talk.now)
    lines = [
        f"人群“{expression}”：{count} 位",
        f"意思：{explain(saved_segments.meaning(talk.tx, tree))}",
        *(
            f"· {shown(customer)} {classes(visited=customer.visited, purchased=customer.purchased, vip=customer.vip)}"
            for customer in examples
        ),
    ]
    if count:
        lines.append(f"群发：群发 {expression} 用 话术名")
    return "\n".join(lines)


@on.staff(SegmentSave)
def save(talk: StaffTalk) -> str:
    name, expression = talk.intent.name, talk.intent.expression
    tree = parse_segment(expression)
    count, _examples = segments.look(talk.tx, tree, talk.now)
    is_new = saved_segments.save(talk.tx, name, expression)
    talk.label(f"人群 {name}")
    lines = [f"人群“{name}”存好了，现在 {count} 位：{explain(saved_segments.meaning(talk.tx, tree))}"]
    if is_new and tags.exists(talk.tx, name):
        lines.append(f"注意：也有叫“{name}”的标签。以后写“{name}”指这个人群，指标签就写：标签={name}")
    users = saved_segments.used_by(talk.tx, name)
    if users and not is_new:
        lines.append(f"用到它的人群也跟着变：{'、'.join(users)}")
    return "\n".join(lines)


@on.staff(SegmentList)
def list_saved(talk: StaffTalk) -> str:
    saved = saved_segments.saved(talk.tx)
    if not saved:
        return "还没有存过人群。例子：人群 保存 老客未复购 = M 且 未消费60天"
    lines = [f"· {name} = {expression}" for name, expression in saved]
    return "\n".join(["存好的人群：", *lines, f"删：人群 删除 {saved[0][0]}"])


@on.staff(SegmentDelete)
def delete(talk: StaffTalk) -> str:
    name = talk.intent.name
    _refuse_while_needed(talk, name, "删")
    expression = saved_segments.delete(talk.tx, name)
    talk.label(f"人群 删除 {name}")
    return f"人群“{name}”删了（{expression}）。顾客和标签都没有动。"


@on.staff(SegmentRename)
def rename(talk: StaffTalk) -> str:
    old, new = talk.intent.old, talk.intent.new
    _refuse_while_needed(talk, old, "改名")
    users = saved_segments.rename(talk.tx, old, new)
    talk.label(f"人群 {old} 改名")
    also = f"。用到它的人群也改好了：{'、'.join(users)}" if users else ""
    return f"人群“{old}”现在叫“{new}”{also}"


def _refuse_while_needed(talk: StaffTalk, name: str, what: str) -> None:
    """What stands open with a segment's name in it would mean something else, or nothing."""
    open_broadcasts = [f"群发 {broadcast.id}" for broadcast in outcomes.standing_on(talk.tx, name)]
    open_activities = [f"活动 {activity.id}" for activity in activities.standing_on(talk.tx, name)]
    if needed := [*open_broadcasts, *open_activities]:
        raise Refusal(f"{'、'.join(needed[:5])} 还在用人群“{name}”，没有{what}。等它们结束，或先取消、关闭。")


@on.staff(WhySegment)
def why_in_or_not(talk: StaffTalk) -> str:
    intent = talk.intent
    tree = parse_segment(intent.expression)
    customer = talk.one(intent.whom)
    belongs, lines = segment_reasons.belongs(talk.tx, tree, customer, talk.now)
    where = "在" if belongs else "不在"
    return "\n".join([f"{shown(customer)} 现在{where}“{intent.expression}”里：", *lines])


@on.staff(WhyBroadcast)
def why_got_nothing(talk: StaffTalk) -> str:
    intent = talk.intent
    broadcast = meant(talk) if intent.broadcast is None else campaigns.get(talk.tx, intent.broadcast)
    customer = talk.one(intent.whom)
    said = f"群发 {broadcast.id}，{shown(customer)}：{outcomes.told(talk.tx, broadcast, customer, talk.now)}"
    if outcomes.row_of(talk.tx, broadcast.id, customer.id) is None and not broadcast.kind and not broadcast.repeats:
        said += f"\n看是哪一条不满足：为什么 #{customer.id} 不在 {broadcast.segment}"
    return said
