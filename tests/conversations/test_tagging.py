"""Tags in every form staff type them; wide changes ask first; every change stands in the history."""

import pytest

PUT_ON = {
    "小美 +意向A": ["意向A"],
    "小美+意向A": ["意向A"],
    "小美 +意向A +北京": ["意向A", "北京"],
    "标签 小美 +意向A": ["意向A"],
    "标签 小美 意向A": ["意向A"],
    "给小美贴标签 意向A、北京": ["意向A", "北京"],
    "给小美打上北京标签": ["北京"],
    "小美 ＋意向Ａ": ["意向A"],
    "小美 +意\u200b向A": ["意向A"],
    "小美 +🎂生日": ["🎂生日"],
}
TAKEN_OFF = ("小美 -旧", "标签 小美 -旧", "给小美去掉标签 旧", "去标签 小美 旧", "把小美的标签旧去掉")


def test_put_on(boss, mei):
    for typed, tags in PUT_ON.items():
        boss.says(typed)
        assert mei.file["tags"] == tags, typed
        boss.says("撤销")


def test_taken_off(boss, mei):
    for typed in TAKEN_OFF:
        boss.says("小美 +旧 +新")
        boss.says(typed)
        assert mei.file["tags"] == ["新"], typed


def test_both_at_once(boss, mei):
    boss.says("小美 +C组")
    answer = boss.says("小美 +VIP +意向A -C组")
    assert "+意向A" in answer
    assert "-C组" in answer
    assert (mei.file["tags"], mei.file["vip"]) == (["意向A"], True)


def test_vip_and_visits_are_classes_and_not_tags(boss, mei):
    boss.says("小美 +VIP +Y")
    assert (mei.file["vip"], mei.file["visited"], mei.file["tags"]) == (True, True, [])
    boss.says("小美 -VIP +N")
    assert (mei.file["vip"], mei.file["visited"]) == (False, False)


def test_what_follows_the_ledger_cannot_be_set_by_hand(boss, mei):
    assert "消费" in boss.says("小美 +M")
    assert "消费" in boss.says("小美 +O")
    assert mei.file["purchased"] is False


def test_contradictions_change_nothing(boss, mei):
    boss.says("小美 +A -A")
    boss.says("小美 +Y +N")
    assert (mei.file["tags"], mei.file["visited"]) == ([], False)


def test_several_customers_at_once(shop, boss, mei, lan):
    assert "+节日" in boss.says("小美、阿兰 +节日")
    assert [record["tags"] for record in shop.export("customers")] == [["节日"], ["节日"]]


def test_what_was_so_before_is_said_to_be(boss, mei):
    boss.says("小美 +北京")
    assert "没有变化" in boss.says("小美 +北京")
    assert "没有变化" in boss.says("小美 -上海")


def test_a_name_too_long_is_refused(boss, mei):
    assert "30" in boss.says("小美 +" + "长" * 31)
    assert mei.file["tags"] == []


def test_the_book_counts_who_carries_what(boss, mei, lan):
    boss.says("小美、阿兰 +节日")
    boss.says("小美 +北京")
    book = boss.says("标签")
    assert book.index("节日(2)") < book.index("北京(1)")


def test_joining_two_tags_asks_first(boss, mei, lan):
    boss.says("小美 +老客 +老顾客")
    boss.says("阿兰 +老顾客")
    question = boss.says("标签 合并 老顾客 到 老客")
    assert "2 位" in question
    assert lan.file["tags"] == ["老顾客"]
    boss.confirms(question)
    assert (mei.file["tags"], lan.file["tags"]) == (["老客"], ["老客"])
    assert "老顾客" not in boss.says("标签")


def test_deleting_a_tag_asks_first_and_can_be_taken_back(boss, mei):
    boss.says("小美 +试用")
    question = boss.says("标签 删除 试用")
    assert mei.file["tags"] == ["试用"]
    boss.confirms(question)
    assert mei.file["tags"] == []
    boss.says("撤销")
    assert mei.file["tags"] == ["试用"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_asks_for_a_tag_is_named_before_it_goes(boss, mei):
    boss.says("话术 新建 上新 这周新款到了")
    boss.says("小美 +新款 +试用")
    boss.says("人群 保存 想要新款 = 标签=新款 且 O")
    boss.says("人群 保存 老样子 = M")
    boss.confirms(boss.says("群发 想要新款 用 上新 每周三 10:00"))
    boss.confirms(boss.says("群发 新款 用 上新 明天10点 实时"))
    boss.confirms(boss.says("群发 新款 用 上新 明天11点"))
    boss.says("活动 新建 试穿会 周六14:00 名额20 地点 本店 对象 新款")
    for line in ("标签 删除 新款", "标签 合并 新款 到 上新"):
        assert "注意，人群“想要新款”、群发 1、群发 2、活动 1 还在用这个标签" in boss.says(line)
    assert "注意" not in boss.says("标签 删除 试用")
    boss.says("小美 +流失预警")
    assert "规则 关 流失预警" in boss.says("标签 合并 流失预警 到 试用")


def test_a_tag_nobody_made_can_be_neither_joined_nor_deleted(boss, mei):
    assert "没有" in boss.says("标签 删除 从来没有")
    assert "没有" in boss.says("标签 合并 从来没有 到 老客")


def test_up_to_twenty_people_are_changed_at_once(shop, boss):
    shop.regulars(20)
    assert "20 位" in boss.says("批量标签 全部 +节日")
    assert all(record["tags"] == ["节日"] for record in shop.export("customers"))


def test_more_than_twenty_ask_for_a_code(shop, boss):
    shop.regulars(21)
    question = boss.says("批量标签 全部 +节日")
    assert "21 位" in question
    assert all(record["tags"] == [] for record in shop.export("customers"))
    boss.confirms(question)
    assert all(record["tags"] == ["节日"] for record in shop.export("customers"))
    boss.says("撤销")
    assert all(record["tags"] == [] for record in shop.export("customers"))


def test_a_long_list_is_as_wide_as_全部(shop, boss):
    names = "、".join(person.name for person in shop.regulars(21))
    question = boss.says(f"{names} +节日")
    assert "21 位" in question
    assert all(record["tags"] == [] for record in shop.export("customers"))
    assert "确认" in boss.says("全部 +节日")


def test_whatever_the_verb_a_long_list_asks_first(shop, boss):
    names = "、".join(person.name for person in shop.regulars(21))
    for _ in range(3):  # until all news have been told
        boss.says("人群 列表")
    for line, field, before, after in (
        (f"到店 {names}", "visited", False, True),
        (f"级别 {names} A", "grade", None, "A"),
        (f"消费 {names} 10 茶", "spent_fen", 0, 1000),
    ):
        question = boss.says(line)
        assert "21 位" in question
        assert line[:20] in question
        assert {record[field] for record in shop.export("customers")} == {before}
        done = boss.confirms(question)
        assert "21 位" in done
        assert len(done.splitlines()) <= 3
        assert {record[field] for record in shop.export("customers")} == {after}
        boss.says("撤销")
        assert {record[field] for record in shop.export("customers")} == {before}
    assert "确认" not in boss.says(f"查 {names}")


def test_every_change_is_kept_with_who_and_from_where(shop, boss, mei):
    boss.says("小美 +北京")
    boss.says("小美 -北京")
    boss.says("撤销")
    rows = shop.rows("SELECT tag, added, source, staff_id FROM tag_changes ORDER BY id")
    assert [(row.tag, bool(row.added), row.source) for row in rows] == [
        ("北京", True, "chat"),
        ("北京", False, "chat"),
        ("北京", True, "undo"),
    ]
    assert {row.staff_id for row in rows} == {1}


def test_a_picture_or_a_place_of_staff_is_not_dropped_silently(boss):
    assert "哪位顾客" in boss.does("image")
    assert boss.does("location", lat=31.2, lon=121.4, label="黄浦区") != ""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_tags_for_nobody_make_no_tag_and_nothing_to_take_back(shop, boss, mei):
    answer = boss.says("批量标签 VIP +节日")
    assert "没有人" in answer
    assert "撤销" not in answer
    assert shop.export("tags") == []


@pytest.mark.parametrize("typed", ["给小美打电话", "小美打个电话", "给小美打八折", "小美加微信了", "给小美加个好友"])
def test_something_to_do_is_no_tag(boss, mei, typed):
    assert "备注 小美" in boss.says(typed)
    assert mei.file["tags"] == []
    assert "小美 #" in boss.says("给小美打VIP")
    assert mei.file["vip"]
