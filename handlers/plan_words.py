"""What staff read of a broadcast's plan before they confirm it: short enough for a phone, every number counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil

from bot.delivery import limits
from bot.delivery.limits import Rest
from bot.delivery.rules import MASS_PER_MONTH, quiet_until
from bot.domain.campaigns import rules
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.pace import Pace
from bot.domain.campaigns.summary import Summary
from bot.domain.customers import friends, segments
from bot.domain.customers.rules import shown
from bot.domain.merchants import desk
from bot.domain.scripts.kinds import words_of
from bot.domain.scripts.rules import is_personal
from bot.language.campaign_intents import Broadcast as BroadcastIntent
from bot.language.times import show_time
from handlers.talk import StaffTalk

MEMBERS_NAMED = 5
ROUTE_WORDS = {
    "custom": "客服消息（48小时内互动过，不占群发次数）",
    "mass": f"群发接口（每人每月最多 {MASS_PER_MONTH} 次）",
    "task": "企业微信群发（店员在手机上点确认才发出）",
    "by_hand": "人工发",
}
_QUOTA_WORDS = {"custom": "客服消息用 {used:,} 条，剩 {left:,}", "mass": "群发接口用 {used:,} 次，剩 {left:,}"}


def lines(talk: StaffTalk, broadcast: Broadcast, summary: Summary) -> list[str]:
    """The plan; other ways to send it are offered by number at its end."""
    names = {script["variant"]: script["name"] for script in broadcast.scripts}
    several = len(names) > 1
    said = [f"群发 {broadcast.id} 的计划", f"{_audience(broadcast)}，{_list(talk, broadcast, summary)}"]
    if summary.projected:
        said.append("人多，下面的位数是按一部分人推算的；确认后逐位排，准数看“进度”")
    said += [
        f"{f'{variant} 组 ' if several else '话术 '}{name}：{summary.groups.get(variant, 0)} 位{_by_tag(summary, variant)}"
        for variant, name in names.items()
    ]
    if summary.recipients:
        said.append("怎么发：")
    said += [f"· {word} {summary.routes[route]} 位" for route, word in ROUTE_WORDS.items() if summary.routes[route]]
    said += _confirmations(talk, summary)
    said += [f"  人工原因：{reason} {count} 位" for reason, count in summary.by_hand.most_common()]
    said += _resting(talk, summary)
    said += _quotas(talk, summary)
    if summary.skipped:
        said.append(f"不发 {sum(summary.skipped.values())} 位：")
        said += left_out(talk, summary)
    batches = _batches(talk, broadcast, summary)
    said.append(f"时间：{_start(talk, broadcast)}{'' if batches else _takes(summary.takes)}")
    said += batches
    said += _examples(talk, summary, several=several)
    return said + _offers(talk, broadcast, summary)


def _list(talk: StaffTalk, broadcast: Broadcast, summary: Summary) -> str:
    """How many they are, and from when on the list does not change any more."""
    if broadcast.repeats:
        return f"现在 {summary.audience} 位（名单每次到点再算）"
    if broadcast.live and broadcast.start_at is not None:
        return f"现在 {summary.audience} 位（名单到点再算：{moment(talk, broadcast.start_at)} 在这个人群里的）"
    if broadcast.start_at is not None and not broadcast.kind:
        return f"{summary.audience} 位（名单定在确认时；想到点再算，后面加“实时”）"
    return f"{summary.audience} 位（名单以确认时为准）"


def _by_tag(summary: Summary, variant: str) -> str:
    count = summary.by_tag[variant]
    return f"（{count} 位按标签“{variant}组”）" if count else ""


def _audience(broadcast: Broadcast) -> str:
    if broadcast.kind == rules.CORRECTION:
        return f"更正群发 {broadcast.source_id}：收到过（或可能收到过）它的"
    if broadcast.kind == rules.RETRY:
        return f"重发群发 {broadcast.source_id}：没发成、现在可能发得成的"
    return f"人群：{broadcast.segment}"


def _examples(talk: StaffTalk, summary: Summary, *, several: bool) -> list[str]:
    if not summary.examples:
        return []
    people = {customer.id: customer for customer in segments.people(talk.tx, [n for n, _ in summary.examples.values()])}
    return [
        "每组会看到（举一位的例）：" if several else "会看到（举一位的例）：",
        *(
            f"{f'{variant} ' if several else ''}{shown(people[number])}：\n{words_of(text)}"
            for variant, (number, text) in sorted(summary.examples.items())
        ),
    ]


def _confirmations(talk: StaffTalk, summary: Summary) -> list[str]:
    """Whose confirmations it takes, and how many."""
    if not summary.confirmations:
        return []
    names = names_of(talk, summary.confirmations)
    first = [f"{names[member]} {count} 位" for member, count in summary.confirmations.most_common(MEMBERS_NAMED)]
    more = f" 等 {len(summary.confirmations)} 人" if len(summary.confirmations) > len(first) else ""
    several = f"，一共 {summary.tasks} 条要点确认" if summary.tasks > len(summary.confirmations) else ""
    return [f"  要确认的：{'、'.join(first)}{more}{several}"]


def names_of(talk: StaffTalk, members: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What members, as (account, member), are called."""
    wanted = list(members)
    called = {account: friends.members_of(talk.tx, account) for account in {account for account, _member in wanted}}
    return {(account, member): called[account].get(member, member) for account, member in wanted}


def _quotas(talk: StaffTalk, summary: Summary) -> list[str]:
    several = len(talk.shop.accounts) > 1
    return [
        f"  {f'{quota.account} ' if several else ''}额度：{_QUOTA_WORDS[quota.path].format(used=quota.used, left=quota.left)}"
        for quota in summary.quotas
    ]


def _resting(talk: StaffTalk, summary: Summary) -> list[str]:
    """The ways of this plan that rest now, and until when."""
    rests: dict[str, Rest] = {}
    for account in sorted(summary.accounts):
        for channel, rest in limits.resting(talk.tx, account, talk.tx.now).items():
            if channel == limits.WHOLE_ACCOUNT or summary.routes[channel]:
                rests[rest.reason] = rest
    return [f"  现在停着：{line}" for line in rest_lines(talk, rests.values())]


def rest_lines(talk: StaffTalk, rests: Iterable[Rest]) -> list[str]:
    return [f"{rest.reason}，{moment(talk, rest.until)} 再试" for rest in rests]


def left_out(talk: StaffTalk, summary: Summary) -> list[str]:
    said = []
    for reason, count in summary.skipped.most_common():
        named = segments.people(talk.tx, summary.named[reason])
        who = "、".join(shown(customer) for customer in named)
        said.append(f"· {reason}：{who}{f' 等 {count} 位' if count > len(named) else ''}")
    return said


def _offers(talk: StaffTalk, broadcast: Broadcast, summary: Summary) -> list[str]:
    """Other ways to send it, each one number away; what it would change is counted."""
    intent = talk.intent
    if not isinstance(intent, BroadcastIntent):
        return []
    offers = []
    if summary.more_if_plain:
        names = "、".join(script["name"] for script in broadcast.scripts if is_personal(script["text"]))
        words = f"人人一样，能多直接发到 {summary.more_if_plain} 位（“{names}”有称呼，每人不一样）"
        offers.append((words, _line(talk, intent, plain=True)))
    elif summary.tasks_if_plain:
        names = "、".join(script["name"] for script in broadcast.scripts if is_personal(script["text"]))
        words = f"人人一样，店员只点 {summary.tasks_if_plain} 次（“{names}”有称呼，每人一条，要点 {summary.tasks} 次）"
        offers.append((words, _line(talk, intent, plain=True)))
    if summary.tired:
        words = f"疲劳 {summary.tired} 位（30 天里收得多、没回音或有投诉）；这次不打扰他们"
        offers.append((words, _line(talk, intent, spares_tired=True)))
    if not offers:
        return []
    desk.ask(
        talk.tx,
        talk.staff.id,
        desk.Question(
            "offer",
            {"line": talk.line, "options": [line for _words, line in offers], "by_number": True},
            [words for words, _line in offers],
        ),
    )
    return ["换个发法，回复数字看新计划：", *(f"{number}. {words}" for number, (words, _line) in enumerate(offers, 1))]


def _line(talk: StaffTalk, intent: BroadcastIntent, *, plain: bool = False, spares_tired: bool = False) -> str:
    """The command for the same broadcast with one wish more."""
    parts = [f"群发 {intent.segment} 用 {'/'.join(intent.scripts)}"]
    if intent.at is not None:
        parts.append(show_time(intent.at, talk.now))
    if intent.hold_out:
        parts.append(f"对照{intent.hold_out}%")
    if intent.every:
        parts.append(intent.every)
    if intent.per_hour:
        parts.append(f"每小时{intent.per_hour}位")
    if intent.days:
        parts.append(f"分{intent.days}天")
    if plain or intent.plain:
        parts.append("人人一样")
    if spares_tired or intent.spares_tired:
        parts.append("避开疲劳")
    if intent.live:
        parts.append("实时")
    return " ".join(parts)


def _start(talk: StaffTalk, broadcast: Broadcast) -> str:
    waits = quiet(talk, broadcast, broadcast.start_at)
    when = "确认后马上发" if broadcast.start_at is None else moment(talk, broadcast.start_at)
    if broadcast.repeats:
        when = f"{broadcast.repeats}，第一次 {when}"
    return f"{when}；那时是安静时间，{moment(talk, waits)} 才开始发" if waits else when


def _batches(talk: StaffTalk, broadcast: Broadcast, summary: Summary) -> list[str]:
    """At human pace: in how many batches, and when the last one goes.

    Each day has its own reasons to leave somebody out, so the whole list is cut, with those who get nothing in it.
    """
    pace = Pace(broadcast.per_hour, broadcast.over_days)
    sizes = pace.sizes(summary.audience)
    if len(sizes) == 1:
        return []
    start = broadcast.start_at or talk.tx.now
    last = pace.hours(start, len(sizes), talk.shop.quiet_hours, talk.shop.timezone)[-1]
    each = f"每小时 {pace.per_hour} 位" if pace.per_hour else "每天一批"
    whole = "（不发的也占位）" if summary.skipped else ""
    return [f"分 {len(sizes)} 批，{each}{whole}，最后一批 {moment(talk, last)}"]


def quiet(talk: StaffTalk, broadcast: Broadcast, starts: datetime | None) -> datetime | None:
    """Until when a broadcast waits in the morning; a correction does not."""
    if broadcast.kind == rules.CORRECTION:
        return None
    return quiet_until(talk.shop.quiet_hours, talk.shop.timezone, starts or talk.tx.now)


def _takes(takes: timedelta) -> str:
    if not takes:
        return ""
    if takes >= timedelta(days=1):
        return f"；平台一天的额度不够，要分 {takes.days + 1} 天发"
    return f"，约 {ceil(takes / timedelta(minutes=1))} 分钟发完"


def moment(talk: StaffTalk, at: datetime) -> str:
    return talk.moment(at)
