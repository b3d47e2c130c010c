"""What a broadcast gives rise to, by chat: its one correction, and another try with whom it failed."""

from __future__ import annotations

from bot.delivery import broadcasts
from bot.domain.campaigns import service as campaigns
from bot.domain.campaigns import summary as plans
from bot.domain.campaigns.summary import Summary
from bot.domain.merchants import service as merchants
from bot.errors import Refusal
from bot.language.campaign_intents import Correct, Resend
from handlers.campaigns import ask
from handlers.plan_words import left_out
from handlers.talk import StaffTalk, on


@on.staff(Correct)
def correct(talk: StaffTalk) -> str:
    merchants.require_owner(talk.staff, "更正群发")
    number = talk.intent.broadcast
    broadcast, summary = campaigns.draft_correction(
        talk.tx, talk.shop, staff_id=talk.staff.id, number=number, script=talk.intent.script, start_at=talk.intent.at
    )
    if not summary.audience:
        raise Refusal(f"群发 {number} 没有人收到，不用更正。")
    if not summary.recipients:
        raise Refusal(
            f"收到过群发 {number} 的 {summary.audience} 位现在都不能发：\n" + "\n".join(left_out(talk, summary))
        )
    lines = _months(talk, number, summary)
    return ask(talk, broadcast, summary, *lines, "更正不算营销次数，每个群发只有一次；安静时间也会发，要等就写上时间")


def _months(talk: StaffTalk, number: int, summary: Summary) -> list[str]:
    """What the correction takes of everybody's mass messages of the month."""
    if not summary.routes["mass"] or summary.audience > plans.COUNTED:
        return []
    used = broadcasts.months_used(talk.tx, number, talk.tx.now)
    said = "，".join(f"已收 {count} 次的 {people} 位" for count, people in sorted(used.items()))
    return [f"群发接口每人每月 4 次，这次再占 1 次；这些人本月{said}"]


@on.staff(Resend)
def resend(talk: StaffTalk) -> str:
    number = talk.intent.broadcast
    broadcast, summary = campaigns.draft_retry(talk.tx, talk.shop, staff_id=talk.staff.id, number=number)
    refused = campaigns.failed_by_text(talk.tx, number)
    text = (
        [f"另有 {refused} 位是内容的问题，同样的话再发也不成；换话术：群发 没发成{number} 用 到店礼B"]
        if refused
        else []
    )
    if not summary.audience:
        raise Refusal("\n".join([f"群发 {number} 没有可以重发的（只重发没发成的，结果不明的从不重发）。", *text]))
    if not summary.recipients:
        reasons = "\n".join([*left_out(talk, summary), *text])
        raise Refusal(f"群发 {number} 没发成的 {summary.audience} 位现在还是不能发：\n{reasons}")
    return ask(talk, broadcast, summary, *text)
