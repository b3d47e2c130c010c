"""Lines that are read once more when the names of the shop's customers are known."""

import pytest
from said import SAN, XIAOMEI, ZHANG

from bot.language import known
from bot.language.customer_intents import Grade, Note, Rename, Show, Visit
from bot.language.file_intents import Merge
from bot.language.intents import Later, NotUnderstood
from bot.language.order_intents import Purchase, Refund
from bot.language.pasted import Pasted, pasted
from bot.language.staff import understand
from bot.language.tag_intents import Tag

NAMES = ["小美", "张姐", "张三", "群发"]

READ = [
    ("小美", Show((XIAOMEI,))),
    ("看看小美", Show((XIAOMEI,))),
    ("帮我查一下小美这个客户", Show((XIAOMEI,))),
    ("小美怎么样了", Show((XIAOMEI,))),
    ("备注小美喜欢红色", Note(XIAOMEI, "喜欢红色")),
    ("把张姐改名叫张丽", Rename(ZHANG, "张丽")),
    ("把小美设为A级", Grade((XIAOMEI,), "A")),
    ("小美和张三 +新款", Tag((XIAOMEI, SAN), ("新款",))),
    ("给小美贴个新款", Tag((XIAOMEI,), ("新款",))),
    ("把小美的VIP去掉", Tag((XIAOMEI,), (), ("VIP",))),
    ("小美今天到店", Visit((XIAOMEI,))),
    ("张姐、小美各消费100", Purchase((ZHANG, XIAOMEI), 10000)),
    ("给小美退298", Refund(XIAOMEI, None, 29800)),
    ("张姐和小美是同一个人", Merge(ZHANG, XIAOMEI)),
    ("给小美加50积分", Later("积分")),
]


@pytest.mark.parametrize(("line", "meant"), READ, ids=[line for line, _ in READ])
def test_a_name_that_is_known_ends_where_it_ends(line, meant, now):
    assert understand(known.reread(line, NAMES), now) == meant


@pytest.mark.parametrize(
    "line",
    [
        "小美妈消费298",  # somebody whose name begins like hers
        "消费小美妈298",
        "小美没到店",
        "别给小美退款298",
        "小美说她明天来",
        "消费 小美 298；消费 100 张姐",
        "消费 张姐100 小美200",
        "查小美？张姐呢",
        "别群发了",
    ],
)
def test_what_denies_asks_or_names_others_stays_unread(line, now):
    again = known.reread(line, NAMES)
    assert not again or isinstance(understand(again, now), NotUnderstood)


def test_the_longest_name_is_meant():
    assert known.reread("王芳芳到店", ["王芳", "王芳芳"]) == "王芳芳 到店"


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("小美说她明天来", "备注 小美 说她明天来"),
        ("告诉小美有的", "回 小美 有的"),
        ("小美 微信收了298", "消费 小美 298"),
        ("小美订了298的裙子", "成交 小美 298"),
        ("小美没消费298", "备注 小美 没消费298"),
    ],
)
def test_talk_about_a_customer_is_offered_as_what_it_may_be(line, first):
    assert known.offers(line, NAMES)[0] == first


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("王丽 13712345678 北京市朝阳区建国路88号", Pasted("王丽", "13712345678", "北京市朝阳区建国路88号")),
        ("收货人:王丽\n手机号码:13712345678\n地址:建国路88号", Pasted("王丽", "13712345678", "建国路88号")),
        ("微信支付收款到账298.00元", Pasted(yuan="298")),
        ("你已收款，资金已存入零钱 ¥58.50", Pasted(yuan="58.50")),
        ("消费 小美 298", Pasted()),
        ("今天天气不错", Pasted()),
    ],
)
def test_pasted_text_says_whose_address_or_how_much(text, found):
    assert pasted(text) == found
