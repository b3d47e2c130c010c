"""Whom a line means: names, parts, pinyin, phones, numbers, 他; several make a numbered choice, none offers the nearest."""

import pytest

# One database is enough: what is told here lies above the tables.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def people(shop, boss):
    """张丽 #a, 张莉莉 #b and 王芳 with a phone."""
    shop.regular("张丽")
    shop.regular("张莉莉")
    boss.says("新客 王芳 13800138000")
    return {record["name"]: record["number"] for record in shop.export("customers")}


def test_one_match_goes_on(boss, people):
    for typed in ("王芳", "wangfang", "wf", "WF", "8000", "13800138000", "芳", "：王芳"):
        assert "【王芳" in boss.says(f"查 {typed}"), typed
    for line in ("查王芳", "/查 王芳", ":查 王芳", "#查 王芳"):
        assert "【王芳" in boss.says(line), line


def test_what_hides_in_a_name_hides_nobody(boss, newcomer):
    for hidden in ("\u200b", "\u200c", "\u200d", "\u00ad", "\ufeff", "\ufe0f"):
        assert "64" not in boss.says(f"改名 #{newcomer.number} 小{hidden}美")
        for typed in ("小美", f"小{hidden}美", "xiaomei"):
            assert f"【小美 #{newcomer.number}】" in boss.says(f"查 {typed}"), (hidden, typed)


def test_the_number_always_means_the_customer(boss, people):
    number = people["张丽"]
    for typed in (f"查 #{number}", f"#{number}", f"查＃{number}"):
        assert f"【张丽 #{number}】" in boss.says(typed)


def test_the_exact_name_comes_before_a_part_of_another(boss, people):
    assert "【张丽 " in boss.says("查 张丽")


def test_several_of_a_rank_are_a_choice_that_goes_on_with_the_command(shop, boss, people):
    question = boss.says("张 +意向A")
    assert f"1. 张丽 #{people['张丽']}" in question
    assert f"2. 张莉莉 #{people['张莉莉']}" in question
    assert "张莉莉" in boss.says("2")
    tags = {record["name"]: record["tags"] for record in shop.export("customers")}
    assert tags == {"张丽": [], "张莉莉": ["意向A"], "王芳": []}


def test_a_number_that_is_not_offered_asks_again(boss, people):
    boss.says("查 张")
    assert "1 到 2" in boss.says("3")
    assert "1 到 2" in boss.says("0")
    assert "【张丽 " in boss.says("1")


def test_a_choice_is_over_after_five_minutes(shop, boss, people):
    boss.says("张 +意向A")
    shop.later(minutes=5, seconds=1)
    assert "没有等您选的" in boss.says("1")
    assert all(record["tags"] == [] for record in shop.export("customers"))


def test_a_new_command_puts_the_choice_aside_and_says_so(shop, boss, people):
    boss.says("张 +意向A")
    answer = boss.says("查 王芳")
    assert "已放下" in answer
    assert "【王芳" in answer
    assert "没有等您选的" in boss.says("1")


def test_each_of_several_unclear_names_is_asked_for(shop, boss, people):
    shop.regular("李丽")
    first = boss.says("张、丽 +节日")
    assert "张丽" in first
    second = boss.says("2")
    assert "李丽" in second
    boss.says("2" if "2. 李丽" in second else "1")
    tagged = {record["name"] for record in shop.export("customers") if record["tags"]}
    assert "张莉莉" in tagged
    assert len(tagged) == 2


def test_他_is_whom_was_spoken_of_last(shop, boss, people):
    boss.says("查 王芳")
    boss.says("他 +北京")
    boss.says("标签 上一个 +老客")
    tags = {record["name"]: record["tags"] for record in shop.export("customers")}
    assert tags["王芳"] == ["北京", "老客"]


def test_他_before_anybody_was_spoken_of_is_nobody(boss, mei):
    assert "还不知道说的是哪位" in boss.says("查 他")


def test_他_of_a_colleague_is_another(boss, clerk, people):
    boss.says("查 王芳")
    assert "还不知道说的是哪位" in clerk.says("查 她")


def test_nobody_found_offers_the_nearest_and_changes_nothing(shop, boss, people):
    answer = boss.says("张力 +意向A")
    assert "没有找到" in answer
    assert "张丽" in answer
    assert all(record["tags"] == [] for record in shop.export("customers"))


def test_one_bad_part_changes_nothing(shop, boss, people):
    assert "没有找到" in boss.says("张丽、孙悟空 +节日")
    assert all(record["tags"] == [] for record in shop.export("customers"))


def test_a_number_nobody_has_is_said_to_be_so(boss, people):
    for typed in ("查 #999", "查 #2147483648", "查 #99999999999999"):
        assert "没有" in boss.says(typed), typed


def test_renaming_keeps_the_number(shop, boss, mei):
    number = mei.number
    answer = boss.says("改名 小美 张美丽")
    assert f"\n小美 #{number} 现在叫“张美丽”" in answer
    assert f"张美丽 #{number}" not in answer
    assert (mei.number, mei.file["name"]) == (number, "张美丽")
    assert "【张美丽" in boss.says("查 zml")


def test_the_card_shows_what_staff_need(boss, mei):
    boss.says("小美 +VIP +北京")
    boss.says("消费 小美 298 连衣裙")
    boss.says("跟进 小美 b 聊了价格 下次发新款图 周五 预计500")
    card = boss.says("查 小美")
    for fact in ("Y·M·VIP", "北京", "级别", "S", "b", "298元", "连衣裙", "发新款图"):
        assert fact in card


def test_the_history_tells_what_happened_newest_first(boss, mei):
    boss.says("小美 +北京")
    boss.says("消费 小美 298 连衣裙")
    mei.says("裙子很好看")
    history = boss.says("历史 小美")
    assert history.index("裙子很好看") < history.index("298元") < history.index("+北京") < history.index("关注")


def test_renaming_is_for_one_at_a_time(shop, boss, mei, lan):
    for line in (
        f"改名 #{mei.number}、#{lan.number} 哈",
        f"改名 #{mei.number} 、 #{lan.number} 哈",
        "改名 小美、阿兰 哈",
    ):
        assert "一次只能说一位" in boss.says(line), line
    assert [record["name"] for record in shop.export("customers")] == ["小美", "阿兰"]


def test_a_refusal_shows_its_example_once(boss, mei):
    for line in ("消费 小美", "级别 小美", "改名 小美", "备注 小美", "退款"):
        answer = boss.says(line)
        example = answer.split("例如：")[1].splitlines()[0].split("，")[0]
        assert answer.count(example) == 1, answer


def test_a_long_note_is_not_echoed_whole(boss, mei):
    answer = boss.says("备注 小美 " + "喜欢素色的裙子" * 30)
    assert "…" in answer
    assert len(answer) < 120


def test_an_address_pasted_is_offered_to_be_kept(shop, boss, mei):
    answer = boss.says("收货地址：北京市朝阳区建国路88号 张女士 13800138000")
    assert "1. 新客 张女士 13800138000" in answer
    assert "没有记" in answer
    assert "签收" not in answer


def test_a_misspelt_verb_of_one_character_gets_the_nearest(shop, boss, mei):
    assert "1. 查 小美" in boss.says("差 小美")
    assert "1. 消费 小美 298" in boss.says("消 小美 298")
    assert shop.export("customers")[0]["spent_fen"] == 0


def test_a_misspelt_verb_gets_the_nearest(boss, mei):
    assert "查 小美" in boss.says("杳 小美")
    assert "没看懂" in boss.says("今天天气真好啊哈哈")
