"""Group-send tasks of a company: made once, waited for, and everybody's end written as the platform tells it."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company_shop import CANCEL, MAKE, MESSAGE, REMIND, WELCOME, Company, CompanyShop
from sink import CUSTOM, Fault
from test_statements import watch

from bot.delivery import broadcasts, confirming, handing, lease, limits, outbox, tasks
from bot.delivery.rules import INTERRUPTED
from bot.store import killpoints
from bot.store.engine import Store
from jobs.delivery import drain, terms_of

MORNING = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
WAITS = "handed"
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def company() -> Iterator[Company]:
    with closing(Company()) as running:
        yield running


@pytest.fixture
def shop(store: Store, store_url: str, company: Company, tmp_path: Path) -> Iterator[CompanyShop]:
    one = CompanyShop(store, store_url, company, tmp_path, "one_a_day", MORNING)
    one.befriend("lihua", "p1", "p2", "p3")
    one.befriend("wangwu", "p4", "p5")
    yield one
    one.engine.close()


def lihua(*people: str) -> dict[str, str]:
    return dict.fromkeys(people, "lihua")


def test_a_broadcast_waits_for_its_members_and_ends_as_they_send_it(shop: CompanyShop, company: Company) -> None:
    company.unreachable = {"p3"}
    company.full, company.strangers = {"p5"}, {"p2"}
    # A friend of the other member by now, and one whom nobody knows any more.
    shop.broadcast({**lihua("p1", "p2", "p3", "p4", "p6"), "p5": "wangwu"})
    shop.work()
    assert shop.calls(MAKE) == 2, "one task a member, whoever was planned for it"
    assert shop.states(route="task") == {
        **dict.fromkeys(("p1", "p2", "p4", "p5"), WAITS),
        "p3": "failed 不是好友或发不到",
        "p6": "skipped 不是好友",
    }
    assert sorted(shop.told()) == [
        "有 2 位顾客等您确认发送：工作台→客户联系→群发助手",
        "有 2 位顾客等您确认发送：工作台→客户联系→群发助手",
    ]
    assert company.got()["p1"] == 0, "nobody gets anything before the member has confirmed"
    first, second = company.tasks.values()
    shop.later(minutes=5)
    company.confirm(first)
    shop.work()
    assert shop.states(sender="lihua")["p1"] == "sent"
    with shop.tx() as tx:
        (row,) = tx.session.query(outbox.Delivery).filter_by(person_id="p1")
        assert row.sent_at == MORNING + timedelta(minutes=5)
    shop.later(hours=1)
    company.confirm(second)
    shop.later(minutes=31)
    shop.work()
    assert shop.states(route="task") == {
        "p1": "sent",
        "p2": "failed 不是好友",
        "p3": "failed 不是好友或发不到",
        "p4": "sent",
        "p5": "failed 本期已收满（企业群发每天1条）",
        "p6": "skipped 不是好友",
    }
    assert [task.state for task in shop.kept()] == ["done", "done"]
    # The platform's word on a friendship is believed.
    shop.broadcast(lihua("p2"), number=2)
    shop.work()
    assert shop.states(broadcast_id=2) == {"p2": "skipped 不是好友"}
    # The company's rule counts what was received, by whichever broadcast.
    shop.parts.settings = replace(shop.parts.settings, marketing_per_day=9)
    shop.broadcast(lihua("p1"), number=3)
    shop.work()
    assert shop.states(broadcast_id=3) == {"p1": "by_hand 本期已收满（企业群发每天1条）"}
    assert shop.calls(MAKE) == 2


def test_a_lost_answer_is_looked_up_and_never_made_twice(shop: CompanyShop, company: Company) -> None:
    company.faults = [Fault("reset", path=MAKE, act=True)]
    shop.broadcast(lihua("p1", "p2"))
    shop.work()
    assert set(shop.states(route="task").values()) == {"unknown 企业微信没有回应，不知道有没有发到"}
    shop.later(minutes=1, seconds=1)
    shop.work()
    assert shop.states(route="task") == {"p1": WAITS, "p2": WAITS}
    assert [task.msgid for task in shop.kept()] == ["msg1"]
    # One that did not arrive is made anew, when the list has twice not had it.
    company.faults = [Fault("reset", path=MAKE)]
    shop.broadcast({"p4": "wangwu"}, number=2)
    shop.work()
    shop.later(minutes=1, seconds=1)
    shop.work()
    assert shop.states(broadcast_id=2)["p4"].startswith("unknown")
    shop.later(minutes=5, seconds=1)
    shop.work()
    assert shop.states(broadcast_id=2) == {"p4": WAITS}
    assert (shop.calls(MAKE), len(company.tasks)) == (3, 2)


def test_a_call_of_a_dead_worker_is_only_believed_when_it_is_found(shop: CompanyShop, company: Company) -> None:
    shop.broadcast(lihua("p1"))
    with shop.tx() as tx:
        terms = terms_of(shop.parts, shop.parts.settings.accounts[0])
        rows = lease.claim_task(tx, "corp", terms.lease)
        assert handing.mark_task(tx, rows, terms)
    shop.lapse()
    for minutes in (1, 5, 30, 121):
        shop.later(minutes=minutes, seconds=1)
        shop.work()
    assert shop.states(route="task") == {"p1": f"unknown {INTERRUPTED}"}
    assert shop.calls(MAKE) == 0


def test_it_is_called_off_but_for_what_is_sent(shop: CompanyShop, company: Company) -> None:
    shop.broadcast({**lihua("p1", "p2"), "p4": "wangwu"})
    shop.work()
    first, second = company.tasks.values()
    company.confirm(first, only=["p1"])
    with shop.tx() as tx:
        outbox.cancel_part(tx, 1, "群发已取消", after=0, count=100)
    shop.work()
    assert company.tasks[second.msgid].cancelled
    assert shop.states(route="task") == {"p1": "sent", "p2": WAITS, "p4": "cancelled 群发已取消"}
    shop.later(minutes=4)
    shop.work()
    assert shop.states(route="task")["p2"] == "cancelled 群发已取消"
    assert {task.state for task in shop.kept()} == {"cancelled"}


def test_who_opts_out_before_the_call_is_not_in_it_though_a_worker_holds_the_row(
    shop: CompanyShop, company: Company
) -> None:
    shop.broadcast(lihua("p1", "p2", "p3"))
    with shop.tx() as tx:
        outbox.cancel_for_customer(tx, 1, "已退订", purpose="marketing")
    terms = terms_of(shop.parts, shop.parts.settings.accounts[0])
    with shop.tx() as tx:
        rows = lease.claim_task(tx, "corp", terms.lease)
    with shop.tx() as tx:
        outbox.cancel_for_customer(tx, 2, "已不是好友", account="corp")
    with shop.tx() as tx:
        assert [row.person_id for row in handing.mark_task(tx, rows, terms)] == ["p3"]
    assert shop.states(route="task") == {"p1": "cancelled 已退订", "p2": "cancelled 已不是好友", "p3": "claimed"}


def test_members_are_reminded_and_at_last_nobody_waits_any_more(shop: CompanyShop, company: Company) -> None:
    shop.broadcast(lihua("p1"))
    shop.work()
    reminded = []
    for hours in [1] * 26 + [6] * 24:
        shop.later(hours=hours)
        before = shop.calls(REMIND)
        shop.work()
        if shop.calls(REMIND) > before:
            reminded.append(shop.clock.now())
        day = [at for at in reminded if at > shop.clock.now() - timedelta(hours=24)]
        assert len(day) <= 3
    assert [at - MORNING for at in reminded[:2]] == [timedelta(hours=2), timedelta(hours=24)]
    assert len(reminded) == 7
    assert company.tasks["msg1"].cancelled
    assert shop.states(route="task") == {"p1": "failed 店员未确认"}
    assert shop.calls(CANCEL) == 1


def test_chats_of_an_owner_are_one_task(shop: CompanyShop, company: Company) -> None:
    def send() -> int:
        with shop.tx() as tx:
            return tasks.send_to_chats(
                tx,
                account="corp",
                sender="lihua",
                chat_ids=["wr1", "wr2"],
                payload={"type": "text", "text": "今晚八点有直播"},
                key="calendar:1",
            )

    assert (send(), send()) == (2, 0)
    shop.work()
    assert company.calls[MAKE][0]["chat_id_list"] == ["wr1", "wr2"]
    assert shop.told() == ["有 2 个客户群等您确认发送：工作台→客户联系→群发助手"]
    company.confirm(company.tasks["msg1"])
    shop.later(seconds=30)
    shop.work()
    assert shop.states(route="task") == {"wr1": "sent", "wr2": "sent"}
    with shop.tx() as tx:
        tonight = {"type": "text", "text": "直播开始了"}
        until = tx.now + timedelta(hours=1)
        chat = {"account": "corp", "sender": "lihua", "chat_ids": ["wr3"], "key": "calendar:2"}
        tasks.send_to_chats(tx, payload=tonight, not_after=until, **chat)
    shop.work()
    shop.later(minutes=61)
    shop.work()
    assert shop.states(person_id="wr3") == {"wr3": "failed 店员未确认"}
    assert company.tasks["msg2"].cancelled


def test_members_get_their_messages_and_newcomers_their_welcome(shop: CompanyShop, company: Company) -> None:
    company.unreachable = {"nobody"}
    company.faults = [Fault("reset", path=MESSAGE, act=True)]
    shop.queue("lihua", "有新顾客", staff_id=1)
    shop.work()
    shop.queue("lihua", "有新顾客", staff_id=1)
    shop.queue("nobody", staff_id=2)
    shop.work()
    assert company.got()["lihua"] == 2, "two messages of the same words are two"
    shop.later(minutes=2)
    shop.work()
    assert company.got()["lihua"] == 2, "what got there is known when it is repeated"
    assert shop.states(person_id="lihua") == {"lihua": "sent"}
    assert shop.states(person_id="nobody")["nobody"].startswith("failed")
    # A message to a contact is a task of the member it knows best.
    shop.queue("p4", "您要的裙子到了", customer_id=4)
    shop.work()
    assert company.tasks["msg1"].sender == "wangwu"
    company.faults = [Fault(41096, path=WELCOME, times=1)]
    for code in ("c1", "c1", "late"):
        welcome = {"type": "text", "text": "欢迎", "welcome_code": code}
        not_after = shop.clock.now() + timedelta(seconds=-1 if code == "late" else 18)
        shop.queue("p9", payload=welcome, route="welcome", customer_id=9, not_after=not_after)
    shop.work()
    shop.later(seconds=3)
    shop.work()
    with shop.tx() as tx:
        rows = tx.session.query(outbox.Delivery).filter_by(route="welcome").order_by(outbox.Delivery.id)
        said = sorted(f"{row.state} {row.reason}".strip() for row in rows)
    assert said == ["failed 已经聊过或已发过欢迎语", "sent", "skipped 超过20秒"]
    assert company.got()["c1"] == 1


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_welcome_nobody_answered_is_repeated_while_its_code_lives(shop: CompanyShop, company: Company) -> None:
    answers = {
        "busy": [Fault(-1)],
        "lost": [Fault("reset", act=True)],
        "page": [Fault("html")],
        "taken": [Fault(41096), Fault("reset")],
        "late": [Fault("html"), Fault(41050)],
        "never": [Fault("html", times=9)],
    }
    for number, (code, faults) in enumerate(answers.items(), 1):
        company.faults = [replace(fault, path=WELCOME) for fault in faults]
        welcome = {"type": "text", "text": "欢迎", "welcome_code": code}
        not_after = shop.clock.now() + timedelta(seconds=18)
        shop.queue(code, payload=welcome, route="welcome", customer_id=number, not_after=not_after)
        for _ in range(12):
            shop.work()
            shop.later(seconds=2)
    assert [company.got()[code] for code in answers] == [1, 1, 1, 1, 0, 0]
    states = shop.states(route="welcome")
    assert [states[code].split()[0] for code in answers] == ["sent", "sent", "sent", "sent", "unknown", "unknown"]
    tries = [body["welcome_code"] for body in company.calls[WELCOME]]
    assert [tries.count(code) for code in answers] == [2, 2, 2, 3, 2, 4]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_welcome_does_not_wait_for_the_end_of_a_long_broadcast(shop: CompanyShop, company: Company) -> None:
    people = [f"o{number}" for number in range(500)]
    with shop.tx() as tx:
        for person in people:
            limits.opened(tx, "main", person, "talk", tx.now)
    for person in people:
        shop.queue(person, account="main")
    company.latency = 0.05
    welcome = {"payload": {"type": "text", "text": "欢迎", "welcome_code": "c1"}, "route": "welcome"}
    in_time = shop.clock.now() + timedelta(seconds=18)

    def somebody_comes() -> None:
        if shop.calls(CUSTOM) > 100 and not shop.states(route="welcome"):
            shop.queue("p1", customer_id=1, not_after=in_time, **welcome)

    for _turn in range(5):
        drain(shop.parts, "main", pulse=somebody_comes)
    assert company.got()["c1"] == 1
    assert len(company.ledger) == 501
    assert company.ledger.index(("c1", WELCOME)) < 480


# Where a worker dies over a broadcast, and what nobody can tell then: a call that was never heard of again.
POINTS = ("claimed", "marked", "answer_read", "answered", "recorded", "task_asked", "task_settled", "task_closed")
NOBODY_KNOWS = ("marked",)


def _work(shop: CompanyShop, point: str) -> None:
    killpoints._drill = killpoints._Drill(f"{point}:1")
    shop.again().work()
    os._exit(0)


def test_a_worker_dies_over_a_task_and_nobody_is_sent_two(shop: CompanyShop, company: Company) -> None:
    for number, point in enumerate(POINTS, 1):
        shop.befriend("lihua", f"p{number}0")
        shop.broadcast(lihua(f"p{number}0"), number=number)
        if point.startswith("task_"):
            shop.work()
            company.confirm(list(company.tasks.values())[-1])
            shop.later(minutes=1)
        shop.store.engine.dispose()
        process = FORK.Process(target=_work, args=(shop, point), daemon=True)
        process.start()
        process.join(20)
        assert process.exitcode == -signal.SIGKILL, f"{point} was never reached"
        shop.lapse()
        shop.later(minutes=2)
        shop.work()
        for task in company.tasks.values():
            if not task.sent_at:
                company.confirm(task)
        shop.later(minutes=3)
        shop.work()
        state = shop.states(broadcast_id=number)[f"p{number}0"]
        assert state == (f"unknown {INTERRUPTED}" if point in NOBODY_KNOWS else "sent"), point
    assert set(company.got().values()) - {company.got()["lihua"]} == {1}
    assert shop.calls(MAKE) == len(POINTS) - 1


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_whatever_happens_the_ledger_is_what_was_sent(shop: CompanyShop, company: Company) -> None:
    seed = int(os.environ.get("SHUKE_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    sender = {f"p{number}": chance.choice(("lihua", "wangwu")) for number in range(10, 22)}
    for person, member in sender.items():
        shop.befriend(member, person)
    shop.parts.settings = replace(shop.parts.settings, marketing_per_day=99, marketing_per_month=999)
    last = 0
    for _step in range(70):
        waiting = [task for task in company.tasks.values() if not (task.sent_at or task.cancelled)]
        match chance.choice(("send", "confirm", "confirm", "part", "cancel", "opt out", "lose", "wait", "wait")):
            case "send":
                last += 1
                people = chance.sample(sorted(sender), chance.randint(1, 8))
                whom = {person: sender[person] for person in people}
                shop.broadcast(whom, number=last, content={"type": "text", "text": f"第{last}次"})
            case "confirm" if waiting:
                company.confirm(chance.choice(waiting))
            case "part" if waiting:
                task = chance.choice(waiting)
                company.confirm(task, only=chance.sample(sorted(task.statuses), 1))
            case "cancel" if last:
                with shop.tx() as tx:
                    outbox.cancel_part(tx, chance.randint(1, last), "群发已取消", after=0, count=100)
            case "opt out":
                with shop.tx() as tx:
                    outbox.cancel_for_customer(tx, chance.randint(10, 21), "已退订", purpose="marketing")
            case "lose":
                path = chance.choice((MAKE, CANCEL, REMIND, ""))
                company.faults = [Fault("reset", path=path, act=chance.random() < 0.5)]
            case _:
                shop.later(minutes=chance.choice((0.1, 1, 7, 40, 300)))
        shop.work()
    company.faults = []
    # What was lost last is looked up while a call may still be made anew, which is a day.
    for _look in range(3):
        shop.later(minutes=40)
        shop.work()
    # The next mornings: marketing has waited for them.
    shop.clock.set(shop.clock.now().replace(hour=MORNING.hour, minute=0) + timedelta(days=1))
    for hours in (0, 1, 1, 6) + (24,) * 9:
        shop.later(hours=hours)
        shop.work()
    made: dict[tuple[str, str], list[int]] = {}
    for task in company.tasks.values():
        for person, status in task.statuses.items():
            made.setdefault((task.text, person), []).append(status)
    assert all(len(statuses) == 1 for statuses in made.values()), "a task was made twice"
    with shop.tx() as tx:
        rows = tx.session.query(outbox.Delivery).filter(outbox.Delivery.broadcast_id.is_not(None)).all()
    for row in rows:
        sent = made.get((f"第{row.broadcast_id}次", row.person_id)) == [1]
        assert (row.state == "sent") == sent, (row.broadcast_id, row.person_id, row.state, row.reason)
        assert row.state in ("sent", "failed", "cancelled", "by_hand"), (row.state, row.reason)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_no_statement_about_tasks_reads_a_whole_table(shop: CompanyShop, company: Company) -> None:
    plans: dict[str, list[str]] = {}

    def explain(connection: sqlite3.Connection, statement: str) -> None:
        words = re.sub(r"'\[.*?\]'|\b[0-9]+\b", "?", statement)
        if words not in plans and statement.split()[0] in ("SELECT", "UPDATE", "WITH"):
            plans[words] = []
            plans[words] = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]

    watch(shop, explain)
    company.faults = [Fault("reset", path=MAKE, act=True)]
    shop.broadcast({**lihua("p1", "p2"), "p4": "wangwu"})
    shop.queue("p5", "您要的裙子到了", customer_id=5)
    for hours in (0, 0.1, 2, 0.1, 24, 0.1):
        shop.later(hours=hours)
        shop.work()
    company.confirm(next(iter(company.tasks.values())))
    with shop.tx() as tx:
        outbox.cancel_part(tx, 1, "群发已取消", after=0, count=100)
    shop.later(hours=1)
    shop.work()
    with shop.tx() as tx:
        assert confirming.waits_for(tx, 1) == confirming.waits_for(tx, 2) == []
        broadcasts.on_the_way(tx, 1)
    assert len(plans) > 40
    large = ("deliveries", "d", "friendships", "contents")
    assert not {line for lines in plans.values() for line in lines if line in {f"SCAN {name}" for name in large}}
    # Of a large task each result finds its row by the person.
    settled = [lines for words, lines in plans.items() if "given.sent_at" in words and "given.msgid" in words]
    assert any("person_id=?" in line for line in settled[0])
