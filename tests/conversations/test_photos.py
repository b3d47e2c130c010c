"""照片: pictures staff send into a customer's file, fetched before the platform forgets them."""

import pytest


def files_in(shop):
    folder = shop.settings.state_folder / "media"
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.exists() else []


def test_pictures_sent_after_the_word_belong_to_the_customer(shop, boss, mei):
    assert "10 分钟内" in boss.says("照片 小美")
    assert "第 1 张" in boss.does("image")
    assert "第 2 张" in boss.does("image")
    assert mei.file["photos"] == 2
    shop.work()
    assert [path.suffix for path in files_in(shop)] == [".png", ".png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files_in(shop))
    assert "照片：2 张（1、2）" in boss.says("查 小美")


def test_a_picture_with_nothing_open_is_asked_about(shop, boss, mei, lan):
    assert "哪位顾客" in boss.does("image")
    assert mei.file["photos"] == 0
    assert "放进了 小美" in boss.says("小美")
    assert (mei.file["photos"], lan.file["photos"]) == (1, 0)
    assert "已撤销" in boss.says("撤销")
    assert mei.file["photos"] == 0
    assert "放进了 阿兰" in boss.says("照片 阿兰")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_several_with_the_name_one_is_chosen(shop, boss):
    shop.regular("张丽")
    lili = shop.regular("张莉莉")
    boss.does("image")
    assert "2. 张莉莉" in boss.says("张")
    assert "放进了 张莉莉" in boss.says("2")
    assert lili.file["photos"] == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_ten_minutes_later_a_picture_is_nobodys_again(shop, boss, mei):
    boss.says("照片 小美")
    shop.later(minutes=10, seconds=1)
    assert "哪位顾客" in boss.does("image")
    assert mei.file["photos"] == 0
    shop.later(days=2)
    shop.work()
    assert files_in(shop) == []
    assert shop.rows("SELECT * FROM photos") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_command_ends_it(shop, boss, mei, lan):
    boss.says("照片 小美")
    assert "已放下" in boss.says("查 阿兰")
    assert "哪位顾客" in boss.does("image")
    looked = boss.says("查 阿兰")
    assert "已放下" in looked
    assert f"阿兰 #{lan.number}" in looked
    boss.does("image")
    assert "放进了 小美" in boss.says(f"#{mei.number}")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_picture_ends_an_open_choice_and_says_so(shop, boss):
    shop.regular("张丽")
    shop.regular("张莉莉")
    boss.says("张 +意向A")
    assert "已放下" in boss.does("image")
    assert "放进了 张丽 " in boss.says("张丽")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_is_shown_and_taken_out(shop, boss, mei):
    boss.says("照片 小美")
    boss.does("image")
    boss.does("image")
    boss.says("照片 小美 1")
    shop.work()
    assert boss.phone.messages[-1]["type"] == "image"
    assert "编号 1 到 2" in boss.says("照片 小美 3")
    boss.says("照片 小美 删除 1")
    assert mei.file["photos"] == 1
    boss.says("撤销")
    assert mei.file["photos"] == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_picture_the_platform_does_not_give_is_tried_again(shop, boss, mei):
    boss.says("照片 小美")
    shop.fault({"kind": "errcode", "errcode": -1}, path="/cgi-bin/media/get", times=1)
    boss.does("image")
    shop.work()
    assert files_in(shop) == []
    assert "正在取回" in boss.says("照片 小美")
    shop.goes_on(minutes=3)
    assert len(files_in(shop)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_the_platform_has_forgotten_is_said_to_be_lost(shop, boss, mei):
    boss.says("照片 小美")
    boss.does("image")
    shop.later(days=4)
    shop.work()
    assert "没取到" in boss.says("照片 小美")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_customers_pictures_are_kept_too_and_go_with_them(shop, boss, mei):
    mei.does("image")
    shop.work()
    assert len(files_in(shop)) == 1
    mei.says("确认删除我的资料")
    shop.work()
    assert files_in(shop) == []
