"""The menu customers see: ours where there was none, the one from before kept, shown and put back."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OLD = [
    {"type": "view", "name": "商城", "url": "https://mall.example/"},
    {"name": "关于", "sub_button": [{"type": "click", "name": "营业时间", "key": "营业时间"}]},
]


def names(shop):
    """The buttons at the bottom of a follower's chat."""
    told = shop.parts.clients["main"].menu().get("selfmenu_info", {"button": []})
    return [button["name"] for button in told["button"]]


def test_an_account_without_a_menu_has_ours_from_the_first_start_and_a_tap_is_the_word(shop, boss):
    assert "请过一分钟再发" in boss.says("菜单")
    shop.work()
    assert names(shop) == ["活动", "我的", "找我们"]
    told = boss.says("菜单")
    assert "顾客看到的菜单（熟客的）：\n· 活动\n· 我的\n· 找我们：人工、投诉、建议、退订" in told
    mei = shop.regular("小美")
    assert mei.taps("退订") == mei.says("退订")
    assert mei.file["opted_out"]
    assert "没有可以恢复的" in boss.says("菜单 恢复")


def test_a_menu_that_stood_before_stays_and_is_shown(shop, boss):
    shop.parts.clients["main"].menu_create(OLD)
    shop.work()
    assert names(shop) == ["商城", "关于"]
    told = boss.says("菜单")
    assert "（公众号原来的）：\n· 商城\n· 关于：营业时间" in told
    assert "换成熟客的：菜单 熟客" in told


def test_the_old_menu_is_put_back_once_when_switching_on_takes_it_away(shop, boss):
    shop.parts.clients["main"].menu_create(OLD)
    shop.work()
    shop.parts.clients["main"].menu_delete()
    shop.later(minutes=5)
    shop.goes_on()
    assert names(shop) == ["商城", "关于"]
    assert any("照原样放回去" in text for text in boss.phone.pushed)
    shop.parts.clients["main"].menu_delete()
    shop.later(minutes=30)
    shop.goes_on()
    assert names(shop) == []


def test_the_owner_changes_to_ours_and_back(shop, boss, clerk):
    shop.parts.clients["main"].menu_create(OLD)
    shop.work()
    assert "只有老板" in clerk.says("菜单 熟客")
    assert "现在就是这个菜单" in boss.says("菜单 恢复")
    assert "放好了会告诉您" in boss.says("菜单 熟客")
    shop.goes_on()
    assert names(shop) == ["活动", "我的", "找我们"]
    assert any("熟客的菜单放好了" in text for text in boss.phone.pushed)
    assert "换回去：菜单 恢复" in boss.says("菜单")
    assert "不能撤销" in boss.says("菜单 恢复") + boss.says("撤销")
    shop.goes_on()
    told = shop.parts.clients["main"].menu()["selfmenu_info"]["button"]
    assert [button["name"] for button in told] == ["商城", "关于"]
    assert told[0]["url"] == "https://mall.example/"
    assert told[1]["sub_button"]["list"][0]["key"] == "营业时间"


def test_a_menu_the_platform_refuses_is_told_and_tried_no_more(shop, boss):
    shop.parts.clients["main"].menu_create(OLD)
    shop.work()
    shop.fault({"kind": "errcode", "errcode": 40018}, path="*/menu/create")
    boss.says("菜单 熟客")
    shop.goes_on()
    assert names(shop) == ["商城", "关于"]
    assert any("没有接受这个菜单" in text for text in boss.phone.pushed)
    assert "正在换" not in boss.says("菜单")
