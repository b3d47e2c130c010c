"""The simulated customers: who they are, and how they react to what reaches them. All of it follows from the seed.

About 35 % ignore, 30 % answer, 15 % ask a price, 5 % unfollow, the rest is quiet and answers rarely. Nobody reacts
unless something was received; passive replies are part of a talk and cause nothing.
"""

import math
from typing import TYPE_CHECKING, Any

from . import acts
from .fans import Fan

if TYPE_CHECKING:
    from .platform import Platform

SHARES = (("ignores", 35), ("answers", 30), ("asks_price", 15), ("unfollows", 5), ("quiet", 15))
WILLING = {"answers": 0.85, "asks_price": 0.9, "unfollows": 1.0, "quiet": 0.08, "buyer": 0.9}
PAUSE_SECONDS = 600  # after a reaction nothing more for so long, else two polite robots would never stop
MERCHANTS = ("老板", "店员小李")

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
GIVEN = (
    *"丽敏静艳娟霞芳燕玲洁婷雪倩颖晴蕾琳悦萌瑶伟强磊洋勇军杰涛超明鹏浩宇辉斌",
    "欣怡",
    "梓涵",
    "雨桐",
    "子轩",
    "佳琪",
    "思远",
    "晓彤",
    "海燕",
    "建国",
    "志强",
    "秀英",
    "桂芳",
    "雅琴",
    "文静",
    "嘉豪",
    "俊杰",
    "美玲",
    "小红",
    "春梅",
    "国华",
    "一诺",
    "可馨",
    "浩然",
)
WORDS = {
    "answers": (
        "好的，谢谢",
        "收到啦",
        "周末有空我过去看看",
        "谢谢老板",
        "可以带朋友一起吗",
        "几点开门呀",
        "帮我留一个",
        "好嘞",
        "上次做的挺好的",
        "现在还有位置吗",
        "我这周三下午方便",
        "知道了",
        "在哪个店呀",
        "太好了，正想来呢",
        "👍",
    ),
    "asks_price": ("多少钱？", "这个怎么卖的", "价格多少呀", "有优惠吗，多少钱", "请问多少钱一次"),
    "buyer": ("我要一份", "怎么付款？", "帮我下一单", "给我来两份"),
    "quiet": ("嗯", "好", "哦哦"),
}


def settle_in(platform: "Platform", count: int, seed: int, *, following: int = 0) -> list[Fan]:
    """Add `count` customers; the first `following` follow from before and cause no event."""
    habits = [habit for habit, _share in SHARES]
    weights = [share for _habit, share in SHARES]
    taken = {fan.name for fan in platform.fans}
    added: list[Fan] = []
    for number in range(count):
        dice = platform.chance.about("person", seed, number)
        fan = platform.fans.add(name_of(dice, taken), habit=dice.choices(habits, weights)[0])
        taken.add(fan.name)
        added.append(fan)
    for fan in added[:following]:
        platform.fans.follow(fan, platform.clock.now() - 86400)
    return added


def open_doors(platform: "Platform") -> None:
    """The two phones of the shop's own people, who do not follow at first."""
    for name in MERCHANTS:
        platform.fans.add(name, role="merchant")


def consider(platform: "Platform", fan: Fan) -> None:
    """Somebody got a message: decide now whether and when there will be a reaction."""
    if fan.habit is None or fan.role != "customer" or fan.reacting:
        return
    now = platform.clock.now()
    if 0 <= now - fan.reacted_at < PAUSE_SECONDS:
        return
    dice = platform.chance.about("reaction", fan.openid, fan.received)
    if dice.random() >= WILLING.get(fan.habit, 0.0):
        return
    least, most = (platform.limits[f"reaction_{end}_seconds"] for end in ("least", "most"))
    least = max(least, 0.001)
    wait = math.exp(dice.uniform(math.log(least), math.log(max(most, least))))
    words = dice.choice(WORDS[fan.habit]) if fan.habit in WORDS else ""
    fan.reacting = True
    platform.later(wait, "react", {"openid": fan.openid, "words": words})


def react(platform: "Platform", detail: dict[str, Any]) -> None:
    """The moment has come: say it, or leave."""
    fan = platform.fans.known(detail["openid"])
    fan.reacting = False
    fan.reacted_at = platform.clock.now()
    if not fan.follows:
        return
    if detail["words"]:
        acts.say(platform, fan, detail["words"])
    else:
        acts.unfollow(platform, fan)


def follow_all(platform: "Platform", count: int | None) -> int:
    """Customers of the population follow one after another; returns how many will."""
    strangers = [fan for fan in platform.fans if fan.habit is not None and not fan.follows]
    coming = strangers if count is None else strangers[:count]
    for number, fan in enumerate(coming):
        platform.later(platform.limits["follow_gap_seconds"] * number, "follow", {"openid": fan.openid})
    return len(coming)


def follow(platform: "Platform", detail: dict[str, Any]) -> None:
    fan = platform.fans.known(detail["openid"])
    if not fan.follows:
        acts.follow(platform, fan)


def name_of(dice: Any, taken: set[str]) -> str:
    """A name nobody has yet."""
    name = dice.choice(SURNAMES) + dice.choice(GIVEN)
    number = 2
    while name in taken:
        name = f"{name.rstrip('0123456789')}{number}"
        number += 1
    return name
