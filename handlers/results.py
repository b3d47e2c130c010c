"""What staff read of a broadcast's outcome by group: short enough for a phone, and no winner that is none."""

from __future__ import annotations

from datetime import datetime
from math import floor

from bot.domain.campaigns import groups, rules, verdicts
from bot.domain.campaigns.models import Broadcast
from bot.domain.campaigns.trials import Group, Outcome
from bot.domain.campaigns.verdicts import Counted, Tally, Verdict
from bot.language.money import show_money
from handlers.talk import StaffTalk

OUTCOME_WORDS = {"replied": "回复", "visited": "到店", "bought": "购买"}
# Where so different shares of two groups were reached (of 1), what differs may be that and not the words.
REACHED_ALIKE = 0.1


def lines(talk: StaffTalk, broadcast: Broadcast, outcome: Outcome, counted_at: datetime) -> list[str]:
    """A line for each group, and what may be said of them by what was counted at this time."""
    scripts = [group for group in outcome.groups if group.variant in _letters(broadcast)]
    held = next((group for group in outcome.groups if group.variant == rules.HOLD_OUT), None)
    said = [_group(group, compared=len(scripts) > 1 and group in scripts) for group in outcome.groups]
    if not scripts or (len(scripts) < 2 and held is None):
        return said
    marks = outcome.marks()
    if broadcast.state not in ("done", "cancelled") or not marks:
        return [*said, "还没发完，发完再比"]
    reached = sum(mark <= counted_at for mark in marks)
    if not reached:
        return [*said, f"现在比还太早，{_day(talk, marks[0])} 以后再看"]
    answer = verdicts.answer(
        [{group.variant: group.marks[mark] for group in scripts} for mark in range(reached)],
        [held.marks[mark] for mark in range(reached)] if held else [],
    )
    wait = "" if reached == len(marks) else f"（{_day(talk, marks[-1])} 再比一次）"
    if len(scripts) > 1:
        said += _best(answer.scripts, scripts, wait)
    if held is not None:
        said += _against_nothing(answer.sending, scripts, held.week, wait)
    return said


def _letters(broadcast: Broadcast) -> list[str]:
    return [script["variant"] for script in broadcast.scripts]


def _group(group: Group, *, compared: bool) -> str:
    week = group.week
    did = [f"7天内购买 {week.bought} 位 {show_money(group.bought_fen)}"] if week.bought else []
    did += [f"到店 {week.visited} 位"] if week.visited else []
    if group.variant == rules.HOLD_OUT:
        return "，".join([f"对照组：{group.people} 位没有发", *did])
    # People somebody put into a group by a tag are another kind of people; their numbers stand apart.
    by_tag = "（按标签）" if group.variant != groups.letter(group.variant) else ""
    dealt = [f"分到 {group.people}"] if group.people != group.sent else []
    name = f"{groups.letter(group.variant)} {group.script}{by_tag}"
    replied = _replied(week, compared=compared) if group.sent else []
    return f"{name}：" + "，".join([*dealt, f"发出 {group.sent}", *replied, *did])


def _replied(week: Counted, *, compared: bool) -> list[str]:
    heard = week.tally("replied")
    if not heard.people:
        return ["回复看不到"]
    said = f"回复 {heard.did}"
    if compared:
        low, high = verdicts.interval(heard)
        said += f"（{heard.rate:.0%}，大约 {low * 100:.0f}–{high * 100:.0f}%）"
    return [said, f"企业微信的 {week.unheard} 位回复看不到"] if week.unheard else [said]


def _day(talk: StaffTalk, at: datetime) -> str:
    return talk.moment(at)


def _best(found: dict[str, Verdict], scripts: list[Group], wait: str) -> list[str]:
    named = [
        f"{OUTCOME_WORDS[outcome]}：{verdict.leader} 看起来更好（{_sure(verdict)} 把握）"
        for outcome, verdict in found.items()
        if verdict.decided
    ]
    if not named:
        first = next((verdict for verdict in found.values() if verdict.leader), verdicts.NOTHING)
        return [f"话术之间：还看不出差别{_needed(first)}{wait}"]
    shares = [group.sent / group.people for group in scripts]
    if max(shares) - min(shares) > REACHED_ALIKE:
        named.append("各组发到的比例不一样，差别也可能来自这里。")
    return named


def _against_nothing(found: dict[str, Verdict], scripts: list[Group], held: Counted, wait: str) -> list[str]:
    sent = {group.variant: group.week for group in scripts}
    said = []
    for outcome, verdict in found.items():
        one, other = verdicts.together(sent, outcome), held.tally(outcome)
        if not one.did + other.did:
            continue
        said.append(f"比对照组：{OUTCOME_WORDS[outcome]}{_lift(one, other)}，{_use(verdict)}{wait}")
    return said or [f"比对照组：两边都还没有人到店、购买{wait}"]


def _use(verdict: Verdict) -> str:
    if not verdict.decided:
        return f"还看不出差别{_needed(verdict)}"
    way = "有用" if verdict.leader == verdicts.SENT else "反而更少"
    return f"发了看起来{way}（{_sure(verdict)} 把握）"


def _lift(one: Tally, other: Tally) -> str:
    """Percentage points, with what they lie between."""
    above, low, high = (f"{value * 100:+.1f}" for value in verdicts.lift(one, other))
    return f" {above} 个百分点（{low} 到 {high}）"


def _sure(verdict: Verdict) -> str:
    # Nobody is ever sure.
    return f"{min(99, floor(verdict.sureness * 100))}%"


def _needed(verdict: Verdict) -> str:
    return f"，还需约 {verdict.needed} 人" if verdict.needed else ""
