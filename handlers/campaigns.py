"""Broadcasts by chat: plan, confirm, watch, stop, results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.delivery import broadcasts, confirming, limits, outbox
from bot.delivery.rules import has_tasks
from bot.domain.campaigns import lists, live, progress, recurring, rules
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.pace import Pace
from bot.domain.campaigns.progress import Standing
from bot.domain.campaigns.summary import Summary
from bot.domain.customers import waiting
from bot.domain.customers.rules import shown
from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Staff
from bot.domain.scripts.checker import warnings
from bot.domain.scripts.kinds import words
from bot.errors import Refusal
from bot.language.campaign_intents import Broadcast as BroadcastIntent
from bot.language.campaign_intents import BroadcastList, BroadcastStep, Checked
from handlers import plan_words, results
from handlers.plan_words import moment, rest_lines
from handlers.talk import StaffTalk, on

LISTED = 20  # people in one answer
WIDE = 20  # a change that touches more people than this asks first
_NONE_YET = "还没有群发过。例子：群发 O 用 到店礼A/到店礼B/到店礼C"
STATE_ORDER = {
    "sent": "已发",
    "failed": "没发成",
    "unknown": "结果不明",
    "skipped": "不发",
    "by_hand": "人工",
    "cancelled": "已取消",
    "planned": "排队",
    "claimed": "正在发",
    "handed": "等人确认",
}


@on.staff(BroadcastIntent)
def plan(talk: StaffTalk) -> str:
    intent = talk.intent
    broadcast, summary = campaigns.draft(
        talk.tx,
        talk.shop,
        staff_id=talk.staff.id,
        segment=intent.segment,
        script_names=intent.scripts,
        start_at=intent.at,
        hold_out=intent.hold_out,
        plain=intent.plain,
        spares_tired=intent.spares_tired,
        every=intent.every,
        pace=Pace(intent.per_hour, intent.days),
        live=intent.live,
    )
    # Whom a plan that repeats, or a live one, will reach is known when its time comes.
    if not summary.recipients and not (broadcast.repeats or broadcast.live):
        raise Refusal(_nobody(talk, intent.segment, summary))
    return ask(talk, broadcast, summary)


def ask(talk: StaffTalk, broadcast: Broadcast, summary: Summary, *more: str) -> str:
    """Shows the plan, with ``more`` lines, and asks for its code. Raises Refusal above a staff member's size."""
    _allowed(talk, summary)
    spoken = [words(script.get("kind", "text"), script["text"]) for script in broadcast.scripts]
    warned = warnings(filter(None, spoken), "mass", talk.now.date())
    if warned and talk.staff.role != "owner":
        raise Refusal("\n".join(["这次群发没有排：话术里有要老板拿主意的话，请改好或请老板来发。", *warned]))
    ends = ["要留意（不改也能发，您确认就按这样发）：", *warned] if warned else []
    plan_told = "\n".join([*plan_words.lines(talk, broadcast, summary), *more, *ends])
    return talk.confirm("broadcast", {"number": broadcast.id}, plan_told)


def _allowed(talk: StaffTalk, summary: Summary) -> None:
    most = talk.shop.staff_broadcast_max
    staff: Staff = talk.staff
    if staff.role != "owner" and summary.recipients > most:
        about = "大约" if summary.projected else ""
        raise Refusal(f"这次{about}要发 {summary.recipients} 位，店员一次最多 {most} 位。请老板来发，或把人群缩小。")


def _nobody(talk: StaffTalk, segment: str, summary: Summary) -> str:
    if not summary.audience:
        return f"人群“{segment}”现在没有人，不用发。"
    return f"人群“{segment}”里 {summary.audience} 位现在都不能发：\n" + "\n".join(plan_words.left_out(talk, summary))


@on.confirmed("broadcast")
def confirmed(talk: StaffTalk, payload: dict[str, int]) -> str:
    number = payload["number"]
    if talk.staff.role != "owner":
        # The list may have grown since the plan was shown.
        _allowed(talk, campaigns.summarise(talk.tx, talk.shop, campaigns.get(talk.tx, number)))
    if campaigns.get(talk.tx, number).kind == rules.CORRECTION:
        merchants.require_owner(talk.staff, "更正")
    broadcast, audience = campaigns.confirm(talk.tx, talk.shop, number)
    if broadcast.repeats:
        return _repeats(talk, broadcast)
    starts = broadcast.start_at if broadcast.state == "scheduled" else None
    stop = f"取消 {number}" if starts else f"暂停 {number} 或 取消 {number}"
    talk.label(f"群发 {number}")
    talk.final(f"已经确认了。没发出的可以停：{stop}")
    return f"群发 {number} 已确认，{_begins(talk, number, starts, audience)}。\n看进度：进度 {number}\n停下：{stop}"


def _repeats(talk: StaffTalk, plan: Broadcast) -> str:
    talk.label(f"群发 {plan.id}")
    talk.final(f"已经确认了。停下说：取消 {plan.id}")
    return (
        f"群发 {plan.id} 已确认，{plan.repeats} 发，接下来：{_dates(talk, plan)}。\n"
        "名单和话术按当时的；30天内收过同样内容的不重复收，记得换话术。\n"
        f"看：群发 列表\n停下：取消 {plan.id}"
    )


def _dates(talk: StaffTalk, plan: Broadcast) -> str:
    return "、".join(talk.day(at) for at in recurring.coming(talk.shop, plan, 3))


def _begins(talk: StaffTalk, number: int, starts: datetime | None, audience: int) -> str:
    broadcast = campaigns.get(talk.tx, number)
    begins = plan_words.quiet(talk, broadcast, starts) or starts
    if live.untaken(broadcast) and starts and begins:
        return f"名单 {moment(talk, starts)} 再算，{moment(talk, begins)} 开始发"
    if lists.unfinished(talk.tx, number):
        when = f"{moment(talk, begins)} 开始发" if begins else "排好就开始发"
        return f"名单定了，{audience} 位，正在一位位排，{when}"
    counts = outbox.counts(talk.tx, number)
    by_hand = counts.get("by_hand", 0)
    hand = f"{by_hand} 位要人工发（{'到时' if starts else ''}发送“下一批”）"
    if not counts.get("planned"):
        return hand
    when = f"{moment(talk, begins)} 开始发" if begins else "开始发了"
    waits = confirming.to_confirm(talk.tx, number) if any(map(has_tasks, talk.shop.accounts)) else 0
    which = "都" if waits == counts["planned"] else f"其中 {waits} 位"
    whom = f"，{which}要店员在手机上点确认才发出" if waits else ""
    return f"{when}：{counts['planned']} 位{whom}{f'，{hand}' if by_hand else ''}"


@on.staff(BroadcastList)
def list_broadcasts(talk: StaffTalk) -> str:
    plans = campaigns.plans(talk.tx)
    found = [broadcast for broadcast in campaigns.latest(talk.tx) if broadcast.state != "recurring"]
    if not found and not plans:
        return _NONE_YET
    lines = [f"{_named(plan)} · {plan.repeats} · 下次 {moment(talk, plan.start_at)}" for plan in plans if plan.start_at]
    lines += [
        f"{_named(broadcast)} · {campaigns.STATE_WORDS[broadcast.state]} · {_when(talk, broadcast)}"
        for broadcast in found
    ]
    return "\n".join(lines)


def _named(broadcast: Broadcast) -> str:
    scripts = "/".join(script["name"] for script in broadcast.scripts)
    return f"群发 {broadcast.id}：{broadcast.segment} 用 {scripts}"


def _when(talk: StaffTalk, broadcast: Broadcast) -> str:
    return broadcast.repeats or moment(talk, broadcast.start_at or broadcast.created_at)


@on.staff(BroadcastStep)
def step(talk: StaffTalk) -> str:
    intent = talk.intent
    if intent.broadcast is None and intent.step == "pause":
        return _pause_all(talk)
    if intent.broadcast is None and intent.step == "resume":
        return _resume_all(talk)
    broadcast = meant(talk) if intent.broadcast is None else campaigns.get(talk.tx, intent.broadcast)
    if intent.broadcast is None and intent.step == "cancel" and broadcast.state not in ("running", "paused"):
        return _which_to_cancel(talk)
    return _STEPS[intent.step](talk, broadcast)


def meant(talk: StaffTalk) -> Broadcast:
    """The broadcast asked about without its number; Refusal if there has been none."""
    found = campaigns.meant(talk.tx)
    if found is None:
        raise Refusal(_NONE_YET)
    return found


def _pause_all(talk: StaffTalk) -> str:
    numbers = campaigns.pause_all(talk.tx)
    if not numbers:
        return "现在没有正在发的群发。"
    talk.final("用“继续”接着发")
    one = f"；只接着发一个：继续 {numbers[0]}" if len(numbers) > 1 else ""
    return f"都停下了：群发 {'、'.join(map(str, numbers))}。都接着发：继续{one}"


def _resume_all(talk: StaffTalk) -> str:
    """Undoes ``暂停`` alone, and lets paths that had stopped try again."""
    repaired = sum(limits.resume(talk.tx, account.name) for account in talk.shop.accounts)
    numbers = campaigns.resume_all(talk.tx, talk.shop)
    if numbers:
        talk.final("用“暂停”都停下")
        return f"都接着发：群发 {'、'.join(map(str, numbers))}。都停下：暂停"
    if repaired:
        talk.final("这只是让停下的发送再试一次")
        return "好，停下的发送马上再试。看看怎样了：进度"
    paused = campaigns.paused(talk.tx)
    if len(paused) == 1:
        return _resume(talk, campaigns.get(talk.tx, paused[0]))
    if paused:
        raise Refusal(
            f"停着的有群发 {'、'.join(map(str, paused))}，都是单独暂停的。接着发哪一个？例如：继续 {paused[-1]}"
        )
    return _resume(talk, meant(talk))


def _pause(talk: StaffTalk, broadcast: Broadcast) -> str:
    campaigns.pause(talk.tx, broadcast.id)
    talk.final(f"用“继续 {broadcast.id}”接着发")
    return f"群发 {broadcast.id} 已暂停。接着发：继续 {broadcast.id}\n{_counts(talk, broadcast)}"


def _resume(talk: StaffTalk, broadcast: Broadcast) -> str:
    most = talk.shop.staff_broadcast_max
    if broadcast.started_at is None and talk.staff.role != "owner":
        people = campaigns.to_go_on_with(talk.tx, talk.shop, broadcast)
        if people > most:
            raise Refusal(f"群发 {broadcast.id} 有 {people} 位，店员一次最多 {most} 位，请老板来继续。")
    campaigns.resume(talk.tx, talk.shop, broadcast.id)
    talk.final(f"用“暂停 {broadcast.id}”停下")
    return f"群发 {broadcast.id} 接着发。\n{_counts(talk, broadcast)}"


def _which_to_cancel(talk: StaffTalk) -> str:
    """Nothing goes out that would have to be stopped at once, and a cancelled one is gone for good."""
    waiting = [broadcast for broadcast in campaigns.latest(talk.tx) if broadcast.state in ("scheduled", "recurring")]
    if not waiting:
        return "没有在发、也没有排着的群发，什么都没有改。"
    lines = [f"· {_named(broadcast)} · {_when(talk, broadcast)}：取消 {broadcast.id}" for broadcast in waiting]
    return "\n".join(["什么都没有改。取消了恢复不了，要取消哪一个请带上编号：", *lines])


def _cancel(talk: StaffTalk, broadcast: Broadcast) -> str:
    if broadcast.state == "recurring":
        return _stop_repeating(talk, broadcast)
    listed, was_draft = not live.untaken(broadcast), broadcast.state == "draft"
    spared = campaigns.cancel(talk.tx, broadcast.id)
    talk.final("取消了的群发不能恢复，要发请重新“群发”")
    if spared is None:
        return f"群发 {broadcast.id} 已取消，没发出的都不会再收到。人多，正在一位位记下，准数看：进度 {broadcast.id}"
    if not listed or was_draft:
        return f"群发 {broadcast.id} 已取消，不会发给谁。"
    standing = progress.standing(talk.tx, broadcast)
    rest = f"，{spared} 位不会再收到" if spared else ""
    said = [f"群发 {broadcast.id} 已取消{rest}。", _said(talk, standing), *_confirming(talk, standing)]
    return "\n".join(said)


def _stop_repeating(talk: StaffTalk, plan: Broadcast) -> str:
    campaigns.cancel(talk.tx, plan.id)
    talk.final("取消了的群发不能恢复，要发请重新“群发”")
    still = [
        one.id for one in recurring.occurrences(talk.tx, plan, 3) if one.state in ("scheduled", "running", "paused")
    ]
    more = f"\n已经在发的那次要停：取消 {still[0]}" if still else ""
    return f"群发 {plan.id}（{plan.repeats}）已取消，以后不再发。{more}"


def _occurrences(talk: StaffTalk, plan: Broadcast) -> str:
    lines = [f"群发 {plan.id}（{plan.repeats}）{campaigns.STATE_WORDS[plan.state]}"]
    if plan.state == "recurring":
        lines.append(f"接下来：{_dates(talk, plan)}")
    for one in recurring.occurrences(talk.tx, plan, 5):
        when = moment(talk, one.start_at or one.created_at)
        lines.append(f"· 群发 {one.id} {when} {campaigns.STATE_WORDS[one.state]}，{one.audience} 位：结果 {one.id}")
    return "\n".join(lines)


def _progress(talk: StaffTalk, broadcast: Broadcast) -> str:
    if broadcast.repeats:
        return _occurrences(talk, broadcast)
    found = progress.standing(talk.tx, broadcast)
    lines = [f"群发 {broadcast.id} {campaigns.STATE_WORDS[broadcast.state]}", _said(talk, found)]
    lines += _confirming(talk, found)
    lines += rest_lines(talk, found.rests)
    waits = found.next_due_at is not None and found.next_due_at > talk.tx.now
    if found.next_due_at is not None and waits:
        lines.append(f"下一条：{moment(talk, found.next_due_at)}")
    if found.ends_at is not None:
        rate = f"每分钟约 {round(found.per_minute)} 条，" if found.per_minute >= 1 and not waits else ""
        lines.append(f"{rate}预计 {moment(talk, found.ends_at)} 发完")
    return "\n".join(lines)


def _confirming(talk: StaffTalk, found: Standing) -> list[str]:
    """Whose confirmation it waits for."""
    waits = found.numbers.confirming if found.numbers else []
    if not waits:
        return []
    names = plan_words.names_of(talk, [(account, member) for account, member, _count in waits])
    first = waits[: plan_words.MEMBERS_NAMED]
    who = "、".join(f"{names[account, member]} {count} 位" for account, member, count in first)
    more = f" 等 {len(waits)} 人" if len(waits) > len(first) else ""
    if found.broadcast.state == "cancelled":
        return [f"店员还没点确认的正在撤回：{who}{more}"]
    return [f"等店员点确认：{who}{more}（工作台→客户联系→群发助手）"]


def _counts(talk: StaffTalk, broadcast: Broadcast) -> str:
    return _said(talk, progress.standing(talk.tx, broadcast))


def _said(talk: StaffTalk, found: Standing) -> str:
    broadcast = found.broadcast
    if live.untaken(broadcast):
        when = f"{moment(talk, broadcast.start_at)} " if broadcast.state == "scheduled" and broadcast.start_at else ""
        return f"名单{when or '到点'}再算，现在还没有"
    if found.numbers is None:
        return f"共 {broadcast.audience} 位，正在数，过一分钟再看：进度 {broadcast.id}"
    counts = found.numbers.counts
    parts = [f"{word} {counts[state]}" for state, word in STATE_ORDER.items() if counts.get(state)]
    said = f"共 {sum(counts.values())} 位：{' · '.join(parts)}" if parts else "还没有名单"
    if found.counted_at is not None:
        said = f"{said}（{talk.here(found.counted_at):%H:%M:%S} 的数）"
    if not found.planning:
        return said
    if broadcast.state == "cancelled":
        return f"名单 {broadcast.audience} 位，正在一位位记下取消。已记下：{said}"
    return f"名单还在排，排好就发。已排好：{said}"


def _result(talk: StaffTalk, broadcast: Broadcast) -> str:
    if broadcast.repeats:
        return _occurrences(talk, broadcast)
    found = progress.standing(talk.tx, broadcast)
    lines = [f"群发 {broadcast.id} {campaigns.STATE_WORDS[broadcast.state]}", _said(talk, found)]
    numbers = found.numbers
    if numbers is None:
        return "\n".join(lines)
    lines += results.lines(talk, broadcast, numbers.outcome, found.counted_at or talk.tx.now)
    lines += [f"· 点了“{item}” {count} 位" for item, count in numbers.taps]
    lines += _mass_report(numbers.mass)
    lines += [f"· {reason} {count} 位" for reason, count in numbers.reasons]
    lines += _unclear_lines(numbers.to_check, numbers.asked_again, broadcast.id)
    lines.append(f"谁回复了：回复 {broadcast.id}")
    return "\n".join(lines)


def _mass_report(told: dict[str, int]) -> list[str]:
    """What the platform itself says of the mass route; its filter works after it has taken a message from us."""
    if not told:
        return []
    total, sent, failed = (told.get(name, 0) for name in ("TotalCount", "SentCount", "ErrorCount"))
    # FilterCount is what its filter let through.
    filtered = max(0, total - told.get("FilterCount", total))
    return [f"群发接口，平台回报：收下 {total} 位，发到 {sent}，失败 {failed}，被平台过滤 {filtered}"]


def _replies(talk: StaffTalk, broadcast: Broadcast) -> str:
    said = waiting.replies_to(talk.tx, broadcast.id)
    if not said:
        unheard = "企业微信里的回复只有加了好友的店员看得到。" if broadcasts.unheard(talk.tx, broadcast.id) else ""
        return f"群发 {broadcast.id} 还没有人回复。{unheard}"
    lines = [f"{shown(customer)}：{utterance.text[:30]}" for utterance, customer in said[:20]]
    more = f"\n还有 {len(said) - 20} 条" if len(said) > 20 else ""
    return (
        f"群发 {broadcast.id} 的回复（{len(said)} 条）：\n"
        + "\n".join(lines)
        + f"{more}\n回一位：回 #{said[0][1].id} 您好"
    )


def _unclear_lines(to_check: int, asked_again: int, number: int) -> list[str]:
    """What happens to those of whom nobody knows whether they got it: sending again is never a part of it."""
    lines = []
    if asked_again:
        lines.append(f"结果不明的里面 {asked_again} 位，系统会自动向平台核对，不会重复发")
    if to_check:
        lines.append(f"结果不明的里面 {to_check} 位不会自动再发，要人核对：结果 {number} 未知")
    return lines


def _unclear(talk: StaffTalk, broadcast: Broadcast) -> str:
    found = campaigns.unclear(talk.tx, broadcast.id, LISTED)
    if not found.people:
        return "\n".join(
            [f"群发 {broadcast.id} 没有要人核对的。", *_unclear_lines(0, found.asked_again, broadcast.id)],
        )
    lines = [f"群发 {broadcast.id} 不知道有没有收到的 {found.to_check} 位（不会自动再发，免得收到两次）："]
    lines += [f"· {shown(customer)}：{delivery.reason}" for delivery, customer in found.people]
    if found.to_check > len(found.people):
        lines.append(f"还有 {found.to_check - len(found.people)} 位")
    first = found.people[0][1].id
    lines.append(f"问过以后：核对 {broadcast.id} #{first} 收到了，或 核对 {broadcast.id} #{first} 没收到")
    return "\n".join(lines)


@on.staff(Checked)
def checked(talk: StaffTalk) -> str:
    intent = talk.intent
    broadcast = campaigns.get(talk.tx, intent.broadcast)
    people = [customer.id for customer in talk.all(intent.whom)] if intent.whom else None
    count = len(people) if people is not None else campaigns.count_unclear(talk.tx, broadcast.id)[0]
    if count > WIDE:
        question = f"群发 {broadcast.id} 结果不明的 {count} 位，都算{_RECEIVED[intent.received]}。"
        return talk.confirm(
            "checked", {"number": broadcast.id, "people": people, "received": intent.received}, question
        )
    return _settle_unclear(talk, broadcast.id, people, received=intent.received)


@on.confirmed("checked")
def checked_many(talk: StaffTalk, payload: dict[str, Any]) -> str:
    return _settle_unclear(talk, payload["number"], payload["people"], received=payload["received"])


def _settle_unclear(talk: StaffTalk, number: int, people: list[int] | None, *, received: bool) -> str:
    settled = campaigns.settle_unclear(talk.tx, number, people, received=received)
    if not settled:
        raise Refusal(f"群发 {number} 里没有这样要人核对的，什么都没有改。看名单：结果 {number} 未知")
    talk.final("核对过的按您说的算，不会因此再发")
    hint = "" if received else "。没有再发；TA 说话后可以用“回”"
    if people is None and (left := campaigns.count_unclear(talk.tx, number)[0]):
        hint += f"。还有 {left} 位没记，再说一遍就接着记"
    return f"记下了：群发 {number} 有 {settled} 位{_RECEIVED[received]}{hint}"


_RECEIVED = {True: "收到了", False: "没收到"}
_STEPS = {
    "progress": _progress,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "result": _result,
    "replies": _replies,
    "unclear": _unclear,
}
