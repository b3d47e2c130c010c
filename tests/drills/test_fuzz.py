"""Whatever comes over the wire: no answer of ours is a failure, nothing kills the web part, no handler breaks."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from callers import IDENTITY, Caller, all_at_once, person, says, taps
from house import FULL, House

from bot.language.staff import VERBS
from bot.sandbox import wire

CALLBACKS = 1_000_000 if FULL else 400
LINES = 200_000 if FULL else 150
STAFF, CUSTOMERS = (20, 200) if FULL else (6, 10)
SENDERS = 2_000 if FULL else 9  # so many that nobody's bent callbacks are a flood
HANDS = 8
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BOTH_IF_FULL = pytest.mark.parametrize("database", ["sqlite", "postgresql"] if FULL else ["postgresql"], indirect=True)

# Lines that broke something once, kept for ever.
REGRESSIONS = Path(__file__).with_name("regressions.txt")
FORMS = sorted({form for verb in VERBS for form in verb.forms})
CUSTOMER_FORMS = re.findall(
    "[^|]+", "活动|报名 1|取消报名 1|我的|退订|订阅|我叫小美|在吗|多少钱|投诉 太慢了|生日 8月15"
)
MORSELS = re.findall(
    r"\S+",
    """小美 #1 #2 他 张姐、 298 -5 1e9 NaN ٣ ５０ 一百二 0 +VIP -A “ 明天10点 每周三 9月20日14:00 用 到店礼A/ 对照10% = 且 非( )
    20个 名额20 农历八月十五 下次 预计 12 😀 {{7*7}} ';DROP TABLE customers;-- ① %n %s <script> \u202e \u200b ﷺ ㍿
    99999999999999999999""",
)
TAGS = [
    "ToUserName",
    "FromUserName",
    "CreateTime",
    "MsgType",
    "Event",
    "EventKey",
    "Content",
    "MsgId",
    "Encrypt",
    "MediaId",
]
KINDS = ["text", "image", "voice", "video", "location", "link", "event", "", "Unknown", "TEXT"]
EVENTS = [
    "subscribe",
    "unsubscribe",
    "SCAN",
    "CLICK",
    "VIEW",
    "LOCATION",
    "MASSSENDJOBFINISH",
    "scancode_push",
    "nobody_knows",
]


def nothing_broke(house: House) -> Counter[str]:
    """Every row was handled, at once or, in a flood, by a worker; returns how many of each state."""
    house.work_off()
    broken = house.rows("SELECT fields, error, state FROM inbox WHERE error IS NOT NULL OR state = 'quarantined'")
    assert broken == []
    assert house.answers()
    return Counter(row[0] for row in house.rows("SELECT state FROM inbox"))


@SQLITE
def test_bytes(house: House, chance: Random, figure: Callable[[str], None]) -> None:
    """Bodies, queries and ciphers bent in every way; the signature is good as often as not."""
    door = house.open()
    caller = Caller(house.port)
    seeds = [chance.random() for _ in range(CALLBACKS)]

    def post(seed: float) -> tuple[str, int]:
        mine = Random(seed)
        what = mine.choice((bent_body, bent_query, bent_cipher, bent_xml))
        target, body = what(caller, mine)
        # Whoever is refused in the middle of a long body may find the connection closed; the second try is on a new one.
        answer = caller.post(target, body) or caller.post(target, body)
        return what.__name__, answer.status if answer else 0

    seen = Counter(all_at_once(post, seeds, hands=HANDS))
    # 414 and 431 are the HTTP server's own words for a head that is too long.
    assert {status for _what, status in seen} <= {200, 400, 403, 404, 413, 414, 431}, seen
    assert seen["bent_xml", 200] > CALLBACKS / 50, "hardly anything got as far as a handler"
    assert door.code is None
    states = nothing_broke(house)
    figure(f"{CALLBACKS} bent callbacks: {dict(Counter(status for _, status in seen.elements()))}, kept {dict(states)}")


def bent_body(caller: Caller, mine: Random) -> tuple[str, bytes]:
    target, body = caller.sealed(says(person(mine.randrange(SENDERS)), "在吗").xml)
    return target, bend(body, mine)


def bent_query(caller: Caller, mine: Random) -> tuple[str, bytes]:
    target, body = caller.sealed(says(person(mine.randrange(SENDERS)), "在吗").xml)
    path, _, query = target.partition("?")
    printable = re.sub(rb"[^!-~]", b"%", bend(query.encode(), mine)).decode()
    return mine.choice((f"{path}?{printable}", f"{path}/x?{query}", f"{path}?{query}&{query}", path)), body


def bent_cipher(caller: Caller, mine: Random) -> tuple[str, bytes]:
    """Signed as it should be, over a cipher of random bytes or of the wrong form."""
    cipher = wire.encrypt(
        mine.randbytes(mine.randrange(200)), IDENTITY["aes_key"], IDENTITY["app_id"], mine.randbytes(16)
    )
    letters = string.ascii_letters + string.digits + "+/="
    if mine.random() < 0.6:
        at = mine.randrange(len(cipher))
        cipher = mine.choice(
            (cipher[:at], cipher[:at] + mine.choice(letters) + cipher[at + 1 :], cipher[at:], cipher * 2)
        )
    return signed(cipher)


def bent_xml(caller: Caller, mine: Random) -> tuple[str, bytes]:
    """A true seal over XML of the grammar, wrong in its parts, or over what is hardly XML at all."""
    xml = grown(mine) if mine.random() < 0.8 else bend(grown(mine).encode(), mine).decode(errors="replace")
    return caller.sealed(xml)


def signed(cipher: str) -> tuple[str, bytes]:
    query, _ = wire.seal_body(IDENTITY, "", openid="", timestamp=str(int(Caller(0)._now())), nonce="1", salt=b"0" * 16)
    query["msg_signature"] = wire.sign(IDENTITY["token"], query["timestamp"], query["nonce"], cipher)
    target = "/callback/main?" + "&".join(f"{name}={value}" for name, value in query.items())
    return target, f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()


def bend(content: bytes, mine: Random) -> bytes:
    """Cut, doubled, stretched, or with some bytes replaced."""
    at = mine.randrange(len(content) + 1)
    match mine.randrange(6):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + mine.randbytes(mine.randrange(1, 9)) + content[at:]
        case 2:
            return content[:at] + content[at // 2 :]
        case 3:
            return mine.randbytes(mine.randrange(300))
        case 4:
            return content[:at] + b"A" * 70_000 + content[at:]
        case _:
            return bytes(byte if mine.random() < 0.97 else mine.randrange(256) for byte in content)


def grown(mine: Random) -> str:
    parts = [
        element(name, value)
        for name, value in (
            ("FromUserName", usual(mine, person(mine.randrange(SENDERS)), "", "<", "a b", "o" * 80)),
            ("ToUserName", "gh_1"),
            ("CreateTime", usual(mine, "1790000000", "179000000", "0", "-1", "x", "9" * 30, "1790000000.5")),
            ("MsgType", mine.choice(KINDS)),
            ("Event", mine.choice(EVENTS)),
            ("MsgId", usual(mine, str(mine.randrange(10**15)), "", "abc", "9" * 40)),
            (mine.choice(TAGS), mine.choice((*MORSELS, "\x01", "]]>", "&amp;", "&#0;", "&nope;"))),
        )
        if mine.random() < 0.93
    ]
    mine.shuffle(parts)
    nest = mine.randrange(12) if mine.random() < 0.1 else 0
    inner = "".join(parts) + "<a>" * nest + "</a>" * nest
    wrapped = f"<xml>{inner * (40 if mine.random() < 0.03 else 1)}</xml>"
    return mine.choice(
        (wrapped, wrapped, wrapped, f'<!DOCTYPE x [<!ENTITY e "1">]>{wrapped}', f"<?xml version='1.0'?>{wrapped}")
    )


def usual(mine: Random, value: str, *others: str) -> str:
    return value if mine.random() < 0.85 else mine.choice(others)


def element(name: str, value: str) -> str:
    return f"<{name}><![CDATA[{value}]]></{name}>"


@BOTH_IF_FULL
def test_lines(house: House, chance: Random, figure: Callable[[str], None]) -> None:
    """What staff and customers may type, as it should be and bruised."""
    house.open()
    caller = Caller(house.port)
    staff, customers = (
        [person(10**6 + number) for number in range(STAFF)],
        [person(number) for number in range(CUSTOMERS)],
    )
    furnish(house, caller, staff, customers)
    lines = [(staff[0], line) for line in REGRESSIONS.read_text(encoding="utf-8").splitlines()]
    for _ in range(LINES):
        speaker = chance.choice(staff if chance.random() < 0.7 else customers)
        lines.append((speaker, bruised(chance, FORMS if speaker in staff else CUSTOMER_FORMS)))

    def say(said: tuple[str, str]) -> int:
        # XML cannot carry it, so nobody can send it.
        words = wire.clean(said[1]).replace("]]>", "")
        answer = caller.deliver(says(said[0], words) if len(words) % 7 else taps(said[0], words))
        return answer.status if answer else 0

    statuses = Counter(all_at_once(say, lines, hands=HANDS))
    assert statuses == {200: len(lines)}
    states = nothing_broke(house)
    figure(f"{len(lines)} lines, kept {dict(states)}")


def furnish(house: House, caller: Caller, staff: list[str], customers: list[str]) -> None:
    for number, one in enumerate(staff):
        caller.ask(one, f"绑定 {house.invitation('owner' if number < 2 else 'staff')} 店员{number}")
    for number, one in enumerate(customers):
        caller.ask(one, f"我叫{('小美', '张姐', '张三')[number] if number < 3 else f'客{number}'}")
    for line in ("活动 新建 茶会 明天14:00 名额2", "消费 小美 298 连衣裙", "红包 中秋", "提醒 明天9点 进货"):
        caller.ask(staff[0], line)


def bruised(mine: Random, forms: list[str]) -> str:
    """A line as it should be, about people and numbers that exist, with noise in it."""
    line = re.sub(r"12|3\b", lambda _: str(mine.randrange(1, 9)), mine.choice(forms))
    for _ in range(mine.choice((0, 0, 1, 1, 2, 3))):
        at = mine.randrange(len(line) + 1)
        piece = mine.choice((*MORSELS, "", " ", "\n", line[at : at + 2] * 3, mine.choice(forms), "好" * 30))
        line = line[:at] + piece + line[at + mine.randrange(3) :]
    return line[:3000]
