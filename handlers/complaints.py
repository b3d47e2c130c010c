"""What customers complained about, suggested or asked a person for, as staff see it; the nine steps come later."""

from __future__ import annotations

from bot.domain.complaints import service as complaints
from bot.domain.complaints.models import Case
from bot.domain.customers import waiting
from bot.domain.customers.rules import shown
from bot.errors import Refusal
from bot.language.work_intents import CaseList, CaseShow
from handlers.talk import StaffTalk, on

LISTED = 10
FOLLOWED = 3  # of what the customer said after it
QUOTE = 30  # characters of a case in the list


@on.staff(CaseList)
def list_cases(talk: StaffTalk) -> str:
    cases = complaints.open_cases(talk.tx)
    if not cases:
        return "没有没处理完的投诉、建议和人工。顾客发“投诉”“建议”“人工”就会列在这里。"
    lines = [
        f"{case.id}. {complaints.WORDS[case.kind]} · {shown(customer)} · {talk.moment(case.at)}\n   {_short(case.text)}"
        for case, customer in cases[:LISTED]
    ]
    more = f"\n还有 {len(cases) - LISTED} 件更早的。" if len(cases) > LISTED else ""
    return f"没处理完的 {len(cases)} 件：\n" + "\n".join(lines) + f"{more}\n看一件：投诉 {cases[0][0].id}"


@on.staff(CaseShow)
def show_case(talk: StaffTalk) -> str:
    found = complaints.case(talk.tx, talk.intent.number)
    if found is None:
        raise Refusal(f"没有编号 {talk.intent.number} 的投诉，发送“投诉”看有哪些。")
    case, customer = found
    state = "还没处理完" if case.open else "处理完了"
    talk.one_is(customer)
    done = "\n处理完在“今日”里发“完成”。" if case.open and case.kind == "complaint" else ""
    return (
        f"{complaints.WORDS[case.kind]} {case.id} · {shown(customer)} · {talk.moment(case.at)} · {state}\n"
        f"{case.text}{_after(talk, case)}\n回 TA：回 #{customer.id} 您好{done}"
    )


def _after(talk: StaffTalk, case: Case) -> str:
    """What the customer went on with while it is open: many say 投诉 first and then what is wrong."""
    if not case.open:
        return ""
    said = [one for one in waiting.lately(talk.tx, case.customer_id, FOLLOWED) if one.at > case.at]
    return "".join(f"\n接着说：{_short(one.text)}" for one in said)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else f"{line[:QUOTE]}…"
