"""What strangers to our language type at the counter, said to a whole shop: what became of it, and what was answered.

``corpus/counter_staff.txt`` and ``corpus/counter_customers.txt`` were written from the forms alone, by somebody who had
read neither the language nor its other corpus. Every line meets the same shop, as it stood in the morning.
``make drills`` says all of them; otherwise every second of the dangerous ones and every eighth of the others.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from corpus_lines import Line, corpus
from shop import Person, Shop, code_in

HALF_PAST_TEN = "2026-09-21 10:30"
NO_FLOOD = 80  # lines one person may say at once without being taken for a flood
EVERY = 1 if os.environ.get("SHUKE_DRILLS") == "full" else 8
CUSTOMERS = ["小美", "张姐", "张三", "李四", "阿兰", "王芳", "刘敏", "群发", "欧阳娜娜", "Lily", "陈总", "小红"]
MORNING = """\
新客 老周 13900139000
新客 王芳芳
资料 小美 电话 13800138000
小美 +VIP +老客群
张三 +老客 +意向A
李四 +VIP的
阿兰 +北京
刘敏 +节日
王芳 +老客群
消费 小美 298 连衣裙
成交 李四 520 风衣
消费 张三 88 袜子
跟进 阿兰 b 聊了价格 周五 预计500
活动 新建 会员茶会 9月26日14:00 名额10 地点 本店
话术 新建 中秋问候
中秋快乐,有空来坐坐
群发 老客 用 到店礼A
群发 老客群 用 中秋问候 明天10点
红包 计划 中秋 老客群 200元 20个"""
QUESTIONS = {"阿兰": "投诉 衣服掉色", "张姐": "有没有红色的", "李四": "我的货到哪了"}

# What is remembered of the talk itself, and what follows from other rows.
TALK = {
    "inbox",
    "talk_states",
    "dealt",
    "windows",
    "confirmations",
    "notices",
    "changes",
    "timeline",
    "tag_changes",
    *("sqlite_sequence", "channel_quotas", "channel_states", "platform_tokens"),
}
DERIVED = {
    "tags",
    "ledger",
    "follow_ups",
    "contents",
    "deliveries",
    "delivery_runs",
    "care_occurrences",
    "merged_numbers",
}
FACTS = {
    **{"visited": "到店", "vip": "VIP", "grade": "级别", "follow_up": "跟进", "name": "改名", "own_name": "自称"},
    **{"phone": "电话", "wechat": "微信", "birth_month": "生日", "sex": "性别", "opted_out": "退订"},
}


@dataclass
class Counter:
    """The shop, its people by name, and the file as it stood in the morning."""

    shop: Shop
    people: dict[str, Person]
    file: Path
    morning: Path
    said: int = 0

    def back_to_the_morning(self) -> None:
        self.shop.at(HALF_PAST_TEN)
        with sqlite3.connect(self.morning) as kept, sqlite3.connect(self.file) as now:
            kept.backup(now)
        kept.close()
        now.close()

    def says(self, line: str, speaker: str) -> str:
        """Says the steps of a line, one after another; ``@小李 …`` is somebody else's. Returns the last answer."""
        answer = ""
        for step in line.split(" ▷ "):
            self.said += 1
            if self.said % NO_FLOOD == 0:
                self.shop.restart_door()
            who, said = step[1:].split(" ", 1) if step.startswith("@") else (speaker, step)
            person = self.people[who]
            if said.startswith("🎤"):
                answer = person.speaks(said[1:])
            elif said == "📷":
                answer = person.does("image")
            elif said.startswith("⏰"):
                self.shop.later(minutes=int(said[1:]))
            else:
                answer = person.says(f"确认 {code_in(answer)}" if said == "确认码" else said)
        return answer


@pytest.fixture
def counter(shop: Shop, tmp_path: Path) -> Counter:
    boss, clerk = shop.staff("王姐", "owner"), shop.staff("小李")
    people = {name: shop.regular(name) for name in CUSTOMERS} | {"王姐": boss, "小李": clerk}
    shop.follower("新来的")
    for line in MORNING.splitlines():
        answer = boss.says(line)
        if "确认 " in answer:
            boss.confirms(answer)
            shop.work()
    for name, words in QUESTIONS.items():
        people[name].says(words)
    shop.work()
    shop.at(HALF_PAST_TEN)
    boss.says("查 #15")
    file, morning = tmp_path / "data" / "shuke.db", tmp_path / "morning.db"
    with sqlite3.connect(file) as now, sqlite3.connect(morning) as kept:
        now.backup(kept)
    now.close()
    kept.close()
    return Counter(shop, people, file, morning)


def rows(file: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """Every table but those of the talk itself, by row."""
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = [name for (name,) in named if name not in TALK]
    found = {
        table: {row["_row"]: dict(row) for row in connection.execute(f"SELECT rowid AS _row, * FROM {table}")}
        for table in tables
    }
    connection.close()
    return found


def what_changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    """``张姐 到店；张姐 +新款；单 张姐 298 ③``; a table of which nothing more is told by its name. Empty for nothing."""
    return "；".join(
        [
            *_of_customers(before, after),
            *_of_tags(before, after),
            *_of_orders(before, after),
            *_of_others(before, after),
        ]
    )


def _names(tables: dict[str, Any]) -> dict[int, str]:
    return {number: row["name"] or row["own_name"] or f"#{number}" for number, row in tables["customers"].items()}


def _of_customers(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    names = _names(after) | _names(before)
    for number, row in after["customers"].items():
        was = before["customers"].get(number)
        if was is None:
            yield f"新客 {names[number]} {row['phone'] or row['wechat'] or ''}".rstrip()
            continue
        for column, word in FACTS.items():
            if row[column] != was[column]:
                yield f"{names[number]} {word} {row[column] if row[column] is not None else '无'}"
        if row["spent_fen"] != was["spent_fen"]:
            yield f"{names[number]} 消费 {(row['spent_fen'] - was['spent_fen']) / 100:+g}"
    for number in before["customers"].keys() - after["customers"].keys():
        yield f"没了 {names[number]}"


def _of_tags(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    names = _names(before) | _names(after)
    tags = {number: row["name"] for tables in (before, after) for number, row in tables["tags"].items()}
    carried = [
        {(row["customer_id"], row["tag_id"]) for row in tables["customer_tags"].values()} for tables in (before, after)
    ]
    for sign, pairs in (("+", carried[1] - carried[0]), ("-", carried[0] - carried[1])):
        for customer, tag in sorted(pairs):
            if tags[tag] not in ("首购", "头部", "送货上门"):
                yield f"{names.get(customer, '')} {sign}{tags[tag]}"


def _of_orders(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    names = _names(after)
    for number, row in after["orders"].items():
        was = before["orders"].get(number)
        if was is None:
            items = f" {row['items']}" if row["items"] else ""
            yield f"单 {names.get(row['customer_id'], '散客')} {row['amount_fen'] / 100:g}{items} {'①②③④'[row['stage'] - 1]}"
        elif row["stage"] != was["stage"]:
            yield f"单{number} {'①②③④'[row['stage'] - 1]}"
        elif row["refunded_fen"] != was["refunded_fen"]:
            yield f"单{number} 退 {(row['refunded_fen'] - was['refunded_fen']) / 100:g}"


def _of_others(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    told = {"customers", "customer_tags", "orders"} | DERIVED
    for table, now in after.items():
        was = before.get(table, {})
        if table not in told and now != was:
            yield f"{table}{'+' if len(now) > len(was) else '-' if len(now) < len(was) else '~'}"


def is_right(line: Line, changed: str, answer: str) -> bool:
    """Whether exactly what was meant has changed, and the answer says so."""
    meant, _, words = line.meant.partition(" ~ ")
    if line.asked:
        return not changed and line.meant in answer
    return changed == ("" if meant == "-" else meant) and words in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("who", "speaker"), [("counter_staff", "王姐"), ("counter_customers", "小美")])
def test_what_strangers_type_does_what_they_mean(counter, who, speaker):
    morning = rows(counter.morning)
    off = []
    for number, line in enumerate(corpus(who)):
        if line.later or number % (min(EVERY, 2) if line.dangerous else EVERY):
            continue
        counter.back_to_the_morning()
        answer = counter.says(line.text, speaker)
        changed = what_changed(morning, rows(counter.file))
        if who == "counter_customers":
            changed = re.sub("；?utterances[+]", "", changed)
        if not is_right(line, changed, answer) or len(answer) > 600:
            off.append((line.text, line.meant, changed, answer))
    assert not off
