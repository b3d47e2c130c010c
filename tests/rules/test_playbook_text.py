"""A playbook as it is typed on a phone, and the steps it stands for."""

import pytest

from bot.domain.care.playbooks import shipped
from bot.language.playbook_names import CLASSES, book_name, entry_of
from bot.language.playbook_text import (
    ANSWERED,
    SILENT,
    Playbook,
    PlaybookError,
    Step,
    parse_playbook,
    show_playbook,
)


def steps(text):
    return parse_playbook(text, "N").steps


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("2天后 发 到店礼A", Step(2, "script", "到店礼A")),
        ("1. 两天后 发 到店礼A。", Step(2, "script", "到店礼A")),
        ("① 等一周 发话术 到店礼A", Step(7, "script", "到店礼A")),
        ("再等半个月发到店礼A", Step(15, "script", "到店礼A")),
        ("两个半月后 打电话", Step(75, "call", "")),
        ("半年后 打电话 VIP电话提纲", Step(182, "call", "VIP电话提纲")),
        ("当天 发：您好，{{称呼}}", Step(0, "text", "您好，{{称呼}}")),
        ("马上说：欢迎", Step(0, "text", "欢迎")),
        ("当天 发 您好，来坐坐吧", Step(0, "text", "您好，来坐坐吧")),
        ("3天后没回就发到店礼B", Step(3, "script", "到店礼B", SILENT)),
        ("过3天 如果没回复 发 到店礼B", Step(3, "script", "到店礼B", SILENT)),
        ("3天后 回复了的话 任务 找一样", Step(3, "task", "找一样", ANSWERED)),
        ("3天后 没到店 发 到店礼B", Step(3, "script", "到店礼B", "N")),
        ("3天后 只给 级别=A 且 女 打电话", Step(3, "call", "", "级别=A 且 女")),
        ("1個月後 提醒店员 打电话问问", Step(30, "task", "打电话问问")),
    ],
)
def test_a_step_is_read_as_it_is_said(line, step):
    assert steps(line) == (step,)


def test_days_counted_from_the_first_one_become_waits():
    assert [step.wait for step in steps("第1天 发 到店礼A\n第4天 发 到店礼B\n第11天 打电话")] == [0, 3, 7]


def test_a_text_goes_on_in_the_next_line():
    assert steps("当天 发：您好\n新款到了\n欢迎来看\n3天后 打电话")[0].what == "您好\n新款到了\n欢迎来看"


def test_who_goal_calls_and_invitation():
    book = parse_playbook("进：级别=A\n目标是 成交\n一年两次 打电话 VIP电话提纲\n办活动 先发 VIP首邀", "N")
    assert book == Playbook("级别=A", "买了", (), 182, "VIP电话提纲", "VIP首邀")


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_shipped_is_shown_as_it_is_read(name):
    assert parse_playbook(show_playbook(shipped(name)), "") == shipped(name)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("发 到店礼A", "先写等几天"),
        ("2天后 想一想", "没写做什么"),
        ("2天后 发", "没写发哪个话术"),
        ("2天后 消费额>很多 发 到店礼A", "“2天后 消费额>很多 发 到店礼A”这一行没看懂"),
        ("500天后 发 到店礼A", "最多等 400 天"),
        ("2天后 打电话 问问她最近好不好，有空来坐坐", "要写做什么就用“任务”"),
        ("目标：买了", "没写一步要做的事"),
        ("当天 打电话\n" * 21, "步子太多了"),
    ],
)
def test_what_is_not_understood_is_named(text, why):
    with pytest.raises(PlaybookError, match=why):
        parse_playbook(text, "N")


@pytest.mark.parametrize(
    ("said", "name", "entry"),
    [
        ("yo", "Y&O", "Y 且 O 且 非VIP"),
        ("到店没买的顾客", "Y&O", "Y 且 O 且 非VIP"),
        ("老客", "Y&M", "Y 且 M 且 非VIP"),
        ("n", "N", "N 且 非VIP"),
        ("Ａ级", "级别A", "级别=A"),
        ("跟进=B", "跟进b", "跟进=b"),
        ("节后", "节后", ""),
    ],
)
def test_a_playbook_goes_by_many_names(said, name, entry):
    assert (book_name(said), entry_of(name)) == (name, entry)
