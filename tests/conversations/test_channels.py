"""渠道: a code for each way customers come, what meets them there, whom it leads to, and what came of it."""

import re

POSTER = "渠道 新建 门店海报 欢迎语 {{称呼}}您好，看中了哪件？ 标签 门店、到店礼"


def test_a_code_of_the_account_is_printed_and_counts_who_comes(shop, boss):
    made = boss.says(POSTER)
    assert "正在生成" in made
    assert "撤销" in made
    shop.goes_on()
    code = next(text for text in boss.phone.pushed if "二维码好了" in text)
    ticket = re.search(r"showqrcode\?ticket=\S+", code)
    assert ticket is not None
    assert "image" in [message["type"] for message in boss.phone.messages]
    assert ticket.group() in boss.says("渠道 看 门店海报")

    mei = shop.person("小美")
    assert mei.follows("sk1") == "亲您好，看中了哪件？"
    assert {"渠道门店海报", "门店", "到店礼"} <= set(mei.file["tags"])
    mei.says("我叫小美")
    boss.says("消费 小美 298 连衣裙")
    assert "门店海报：来了 1 位（今天 1），还在 1；到店 1，购买 1，共 298元" in boss.says("渠道")
    assert "1 位" in boss.says("人群 渠道=门店海报")

    # Who comes again by another code stays where they came from first, but is met by the other one.
    boss.says("渠道 新建 朋友圈 欢迎语 从朋友圈来的吧？ 标签 朋友圈")
    shop.goes_on()
    assert mei.scans("sk2") == "从朋友圈来的吧？"
    assert "1 位" in boss.says("人群 渠道=门店海报")
    assert "朋友圈" in mei.file["tags"]
    mei.unfollows()
    listed = boss.says("渠道")
    assert "还在 0" in listed
    assert "朋友圈：还没有人来（今天 1）" in listed

    assert "停了" in boss.says("渠道 停 门店海报")
    lan = shop.person("阿兰")
    assert "店员看到就回" in lan.follows("sk1")
    assert "门店" not in lan.file["tags"]
    assert "撤销" in boss.says("渠道 停 朋友圈")
    boss.says("撤销")
    assert "（停了）" not in boss.says("渠道 看 朋友圈")

    assert "印出去的码还能扫" in boss.says("渠道 删除 门店海报")
    assert "删掉了" in boss.confirms(boss.says("渠道 删除 门店海报"))
    assert "没有叫“门店海报”的渠道" in boss.says("渠道 看 门店海报")
    hong = shop.person("小红")
    assert "店员看到就回" in hong.follows("sk1")


def test_what_is_not_right_is_said_and_makes_nothing(boss):
    for line, part in (
        ("渠道 新建 门店海报 店员 小丽", "不由店员接"),
        ("渠道 新建 门店海报 账号 corp2", "没有账号“corp2”"),
        ("渠道 新建 门店海报 欢迎语 {{身高}}您好", "身高"),
        ("渠道 新建 门店海报 欢迎语 转发朋友圈领红包", "什么都没有改"),
        ("渠道 新建 门店海报 标签 VIP", "分类"),
        ("渠道 停 门店海报", "没有叫“门店海报”的渠道"),
    ):
        assert part in boss.says(line), line
    assert "还没有渠道码" in boss.says("渠道")
    boss.says("渠道 新建 门店海报")
    assert "已经有渠道“门店海报”" in boss.says("渠道 新建 门店海報")
    boss.says("渠道 新建 朋友圈")
    assert "您是不是说：门店海报" in boss.says("渠道 看 门店海抱")
    boss.says("撤销")
    assert "朋友圈" not in boss.says("渠道")


def test_a_code_the_platform_refuses_is_told_and_tried_again(shop, boss):
    shop.fault({"kind": "errcode", "errcode": 45009}, path="/cgi-bin/qrcode/create")
    boss.says("渠道 新建 门店海报")
    shop.goes_on()
    assert any("二维码还没做好" in text for text in boss.phone.pushed)
    assert "没办成" in boss.says("渠道 看 门店海报")
