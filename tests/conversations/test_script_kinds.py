"""Scripts besides words: a link, a menu to tap, a picture; each as a version, tried on oneself, sent, and counted."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LINK = '标题：{{ c.name|default("亲") }}，新款到了\n描述：三件连衣裙\n链接：https://shop.example/new\n图片：https://shop.example/1.jpg'
MENU = "这周想看哪样？\n1. 连衣裙\n2. 外套\n点一下就行"


def cards(person):
    return [message for message in person.phone.messages if message["via"] == "custom" and message["type"] != "text"]


def test_a_link_is_written_on_lines_tried_on_oneself_and_sent_with_each_ones_name(shop, boss, mei):
    assert "标题" in boss.says("话术 链接 新款")
    kept = boss.says(LINK)
    assert "存好了（第 1 版）" in kept
    shown = boss.says("话术 看 新款")
    assert "（链接）第 1 版" in shown
    assert "c.name 顾客称呼" in shown
    assert "发给您自己看" in boss.says("话术 试 新款 小美")
    shop.work()
    assert [message["type"] for message in cards(boss)] == ["news"]
    assert cards(mei) == []
    mei.says("在吗")
    plan = boss.says("群发 全部 用 新款")
    assert "小美，新款到了" in plan
    boss.confirms(plan)
    shop.work()
    assert "小美，新款到了" in str(cards(mei)[0])


def test_what_a_link_lacks_is_said_and_nothing_is_kept(boss):
    for wrong, why in (
        ("标题：新款", "缺链接"),
        ("标题：新款\n链接：shop.example", "完整的网址"),
        ("标题：新款\n链接：https://a.example/{{ c.name }}", "完整的网址"),
        ("标题：" + "长" * 65 + "\n链接：https://a.example/", "最多 64"),
        ("标题：转发到朋友圈领红包\n链接：https://a.example/", "诱导分享"),
    ):
        assert why in boss.says(f"话术 链接 坏的\n{wrong}")
    assert "没有叫" in boss.says("话术 看 坏的")


def test_a_menu_is_sent_and_a_tap_is_tied_to_its_broadcast_and_item(shop, boss, mei):
    assert "存好了" in boss.says(f"话术 菜单 想看\n{MENU}")
    mei.says("在吗")
    boss.confirms(boss.says("群发 全部 用 想看"))
    shop.work()
    (menu,) = cards(mei)
    assert menu["type"] == "msgmenu"
    items = menu["payload"]["list"]
    shop.later(days=1)
    boss.says("话术 新建 后来 今天还有两件")
    boss.confirms(boss.says("群发 全部 用 后来"))
    shop.work()
    mei.does("choose", menu_id=items[1]["id"], content=items[1]["content"])
    assert "点了“外套” 1 位" in boss.says("结果 1")
    assert "外套" in boss.says("回复 1")
    assert "外套" not in boss.says("回复 2")


def test_a_menu_needs_a_head_and_items_that_stand_together(boss):
    for wrong in ("只有一句话", "1. 甲\n2. 乙", "想看？\n1. 甲\n夹一句\n2. 乙", "想看？\n1. " + "长" * 31):
        assert "没有存" in boss.says(f"话术 菜单 坏的\n{wrong}")


def test_who_cannot_get_a_card_now_is_told_with_the_reason(shop, boss, mei, lan):
    boss.says(f"话术 菜单 想看\n{MENU}")
    shop.later(days=3)
    mei.says("在吗")
    boss.says("今日")
    plan = boss.says("群发 全部 用 想看")
    assert "链接和菜单只能用客服消息发" in plan


def test_a_picture_is_kept_sent_and_given_to_the_platform_again_when_it_has_forgotten_it(shop, boss, mei):
    assert "图片发过来" in boss.says("话术 新建 新款图 图片")
    assert "存好了（第 1 版）" in boss.does("image")
    shop.work()
    for _ in range(2):
        mei.says("在吗")
        boss.confirms(boss.says("群发 全部 用 新款图"))
        shop.work()
        shop.later(days=31)
    assert [message["type"] for message in cards(mei)] == ["image", "image"]
    assert len(shop.calls("/cgi-bin/media/upload")) == 2


def test_a_picture_goes_by_the_mass_route_too(shop, boss, mei, lan):
    boss.says("话术 图片 新款图")
    boss.does("image")
    shop.work()
    shop.later(days=3)
    boss.says("今日")
    plan = boss.says("群发 全部 用 新款图")
    assert "群发接口" in plan
    boss.confirms(plan)
    shop.work()
    shop.goes_on(minutes=5)
    assert mei.phone.routes[-1:] == lan.phone.routes[-1:] == ["mass"]


def test_a_broadcast_that_is_planned_keeps_its_version(shop, boss, mei):
    boss.says("话术 新建 上新 第一种说法")
    mei.says("在吗")
    plan = boss.says("群发 全部 用 上新")
    assert "第 2 版" in boss.says("话术 改 上新 第二种说法")
    boss.confirms(plan)
    shop.work()
    assert "第一种说法" in mei.phone.texts
    assert "第二种说法" not in mei.phone.texts


def test_a_card_does_not_take_the_name_of_what_the_bot_says_itself(boss):
    assert "已经有" in boss.says(f"话术 菜单 到店礼A\n{MENU}")
