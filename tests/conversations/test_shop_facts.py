"""店铺 and 自动回复: what the shop tells about itself, in scripts, in acknowledgements, and by itself."""

import pytest

TAKE_BACK = "（不对就回复“撤销”）"


def test_facts_are_told_shown_and_taken_back(boss, mei):
    assert "还没写" in boss.says("店铺")
    assert TAKE_BACK in boss.says("店铺 营业 10:00-22:00")
    boss.says("店铺 地址 朝阳区建国路88号 电话 010-88886666")
    shown = boss.says("店铺")
    for word in ("10:00-22:00", "建国路88号", "010-88886666"):
        assert word in shown
    boss.says("撤销")
    assert "建国路88号" not in boss.says("店铺")
    boss.says("店铺 营业 10点到21点，周一休息")
    assert "周一休息" in boss.says("店铺")
    boss.says("店铺 营业 删除")
    assert "营业：还没写" in boss.says("店铺")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_bad_fact_changes_nothing(boss):
    boss.says("店铺 电话 13800138000")
    for line in ("店铺 电话 abc", "店铺 营业 随便", "店铺 营业", "店铺 老板 王姐", "店铺 地址 北京 电话 一二三"):
        answer = boss.says(line)
        assert TAKE_BACK not in answer, line
        assert "例如" in answer or "还没写" in answer
    assert "13800138000" in boss.says("店铺")


def test_the_acknowledgement_says_when_somebody_answers(shop, boss, mei):
    boss.says("店铺 营业 10:00-22:00 电话 010-88886666")
    shop.later(hours=2)
    answer = mei.says("这条裙子有货吗")
    assert "10:00-22:00" in answer
    assert "010-88886666" in answer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_scripts_use_the_facts(shop, boss, mei):
    boss.says("话术 新建 指路 小店在{{ shop.address }}，{{ shop.hours }}都在。")
    boss.says("店铺 地址 建国路88号 营业 10:00-22:00")
    assert "小店在建国路88号，10:00-22:00都在。" in boss.says("话术 试 指路 小美")
    boss.confirms(boss.says("群发 全部 用 指路"))
    shop.goes_on()
    assert "小店在建国路88号，10:00-22:00都在。" in mei.phone.pushed


def test_a_question_is_answered_by_itself(shop, boss, mei):
    answer = boss.says("自动回复 几点开门、营业时间 = 10点到22点，周一休息")
    assert "几点开门、营业时间" in answer
    assert TAKE_BACK in answer
    boss.says("自动回复 停车、停车场 = 楼下有停车场，消费满100免2小时")
    assert mei.says("几点开门？") == "10点到22点，周一休息"
    assert "待回" not in boss.says("待回") or "小美" not in boss.says("待回")
    # Words inside a sentence are answered too, and still shown to staff.
    assert mei.says("请问你们那边有停车场吗，带孩子来") == "楼下有停车场，消费满100免2小时"
    assert "小美" in boss.says("待回")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_commands_anger_and_complaints_come_first(shop, boss, mei):
    boss.says("自动回复 报名方式 = 到店报名")
    boss.says("自动回复 退货 = 七天内可以退")
    boss.says("活动 新建 茶会 9月24日14:00 名额2")
    assert "茶会" in mei.says("报名 1")
    assert "七天内" not in mei.says("投诉 退货不给退")
    assert "七天内" not in mei.says("骗人，退货不给退，12315见")
    assert "七天内" not in mei.says("退订")
    assert mei.says("退货怎么退") == "七天内可以退"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_whole_word_comes_before_a_part_and_the_longest_part_first(boss, mei):
    boss.says("自动回复 开门 = 部分")
    boss.says("自动回复 几点开门 = 更长的部分")
    boss.says("自动回复 今天几点开门呀 = 整句")
    assert mei.says("今天几点开门呀！") == "整句"
    assert mei.says("明天几点开门") == "更长的部分"
    assert mei.says("开门了没有") == "部分"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_setting_again_replaces_deleting_and_undo_lead_back(boss, mei):
    boss.says("自动回复 几点开门、营业时间 = 10点")
    assert "改好" in boss.says("自动回复 几点开门 = 9点半")
    assert mei.says("几点开门") == "9点半"
    boss.says("撤销")
    assert mei.says("营业时间") == "10点"
    boss.says("自动回复 删除 1")
    assert "还没有" in boss.says("自动回复")
    boss.says("撤销")
    assert "1. 几点开门、营业时间 → 10点" in boss.says("自动回复")
    for line in ("自动回复 删除 9", "自动回复 活动 = 没有", "自动回复 骗子 = 没有", "自动回复 停车"):
        assert TAKE_BACK not in boss.says(line), line
