"""渠道: a code for each way customers come, what meets them there, whom it leads to, and what came of it."""

import re

import pytest
from company import Company

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
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


@ON_SQLITE
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


@ON_SQLITE
def test_a_code_the_platform_refuses_is_told_and_tried_again(shop, boss):
    shop.fault({"kind": "errcode", "errcode": 45009}, path="/cgi-bin/qrcode/create")
    boss.says("渠道 新建 门店海报")
    shop.goes_on()
    assert any("二维码还没做好" in text for text in boss.phone.pushed)
    assert "没办成" in boss.says("渠道 看 门店海报")


class TestOnTheCompany:
    """Codes that lead to staff: in turn, by the hour, up to the day's cap, to a spare one."""

    @pytest.fixture
    def shop(self, open_shop):
        return open_shop(corp=True)

    @ON_SQLITE
    def test_a_code_leads_to_whoever_may_still_take_customers(self, shop):
        company = Company(shop)
        laoban, xiaoli, aqiang = (company.member(one) for one in ("laoban", "xiaoli", "aqiang"))
        for member, name in ((laoban, "老板娘"), (xiaoli, "小丽"), (aqiang, "阿强")):
            member.says(f"我叫{name}")
        assert "没有叫“王五”的店员" in laoban.says("渠道 新建 朋友圈 店员 王五")
        made = laoban.says("渠道 新建 朋友圈 店员 小丽 上限 1 备用 阿强 标签 朋友圈 欢迎语 {{称呼}}，从朋友圈来的吧？")
        assert "上限：每位一天最多加 1 位\n备用：阿强（都满了由 TA 接，不限几位）" in made
        shop.goes_on()
        (way,) = company.state["ways"]
        assert (way["state"], way["name"]) == ("sk1", "xiaoli")
        assert any(way["qr"] in text for text in laoban.pushed)

        mei, lan = company.contact("小美"), company.contact("阿兰")
        mei.scans(way["id"])
        shop.goes_on()
        assert "从朋友圈来的吧？" in mei.texts[-1]
        assert serving(company) == "aqiang"
        lan.scans(way["id"])
        shop.goes_on()
        shown = laoban.says("渠道 看 朋友圈")
        assert "今天：阿强 1 位、小丽 1 位" in shown or "今天：小丽 1 位、阿强 1 位" in shown
        assert "朋友圈：来了 2 位（今天 2），还在 2" in laoban.says("渠道")
        lan.leaves(aqiang)
        shop.goes_on()
        assert "来了 2 位（今天 2），还在 1" in laoban.says("渠道")

        # Another day the member takes customers again; at night it is somebody else's turn.
        shop.at("2026-09-22 10:00")
        shop.goes_on()
        assert serving(company) == "xiaoli"
        laoban.says("渠道 改 朋友圈 上限 不限 备用 小丽 时间 9:00-21:00 小丽；21:00-9:00 阿强")
        shop.at("2026-09-22 21:00")
        shop.goes_on()
        assert serving(company) == "aqiang"
        # Nobody is led to whom the shop has let go.
        laoban.says("员工 移除 阿强")
        shop.goes_on()
        assert serving(company) == "xiaoli"
        asked = laoban.says("渠道 删除 朋友圈")
        assert "印出去的码就扫不了" in asked
        laoban.confirms_code(asked)
        shop.goes_on()
        assert company.state["ways"] == []

    @ON_SQLITE
    def test_a_code_whose_answer_was_lost_is_made_once_and_an_unwanted_one_goes(self, shop):
        company = Company(shop)
        laoban = company.member("laoban")
        shop.fault({"kind": "reset"}, "after", path="/cgi-bin/externalcontact/add_contact_way", times=1)
        laoban.says("渠道 新建 朋友圈")
        shop.goes_on()
        shop.goes_on()
        assert len(company.state["ways"]) == 1
        laoban.says("撤销")
        shop.goes_on()
        assert company.state["ways"] == []


def serving(company):
    (way,) = company.state["ways"]
    return way["name"]
