"""话术: the shelf, a merchant's own wording in versions, and nothing hostile is ever kept."""

import pytest

# One database is enough: wording is kept alike in both.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOSTILE = (
    "{{ ''.__class__.__mro__ }}",
    "{{ c.__class__ }}",
    "{{ c['name'] }}",
    "{{ c.name.upper() }}",
    "{{ c.name|upper }}",
    "{{ 7*7 }}",
    "{{ config }}",
    "{{ x.y }}",
    "{{ c.没有 }}",
    "{% for i in range(9) %}{{ c.name }}{% endfor %}",
    "{% set a = 1 %}",
    "{% include '/etc/passwd' %}",
    "{% macro m() %}{% endmacro %}",
    "{% if c.name %}没有结束",
    "{{ c.name",
    "{# 注释 #}",
)


def test_the_shelf_is_listed_by_scene(boss):
    listed = boss.says("话术")
    for name in ("到店礼A", "到店礼B", "到店礼C", "中秋祝福", "VIP关怀A", "投诉道歉"):
        assert name in listed


def test_one_is_shown_and_tried(boss, mei):
    assert "见面礼" in boss.says("话术 看 到店礼A")
    tried = boss.says("话术 试 升级搭配A 小美")
    assert "小美" in tried
    assert "{{" not in tried


def test_an_unknown_one_offers_the_nearest(boss):
    assert "到店礼A" in boss.says("话术 看 到店礼")


def test_a_new_one_is_written_in_the_next_message(shop, boss, mei):
    assert "内容" in boss.says("话术 新建 上新")
    boss.says('今天新到三件连衣裙，{{ c.name|default("亲") }}来看看？')
    assert "小美来看看" in boss.says("话术 试 上新 小美")
    assert "上新" in boss.says("话术")


def test_or_in_the_same(boss):
    boss.says("话术 新建 上新 今天新到三件连衣裙")
    boss.says("话术 新建 换季\n大衣到了。\n欢迎来试。")
    assert "三件连衣裙" in boss.says("话术 看 上新")
    assert "大衣到了。\n欢迎来试。" in boss.says("话术 看 换季")


def test_a_short_text_is_a_text_and_a_command_is_a_command(boss, mei):
    boss.says("话术 新建 短的")
    boss.says("新款到店")
    assert "新款到店" in boss.says("话术 看 短的")
    boss.says("话术 新建 另一个")
    answer = boss.says("查 小美")
    assert "已放下" in answer
    assert "【小美" in answer
    assert "没有叫" in boss.says("话术 看 另一个")


def test_a_text_may_begin_like_a_command(boss):
    boss.says("话术 新建 活动话术")
    boss.says("活动来啦！本周六下午店里喝茶，回“报名”就行。")
    assert "本周六下午" in boss.says("话术 看 活动话术")


def test_the_wait_for_a_text_ends_after_five_minutes(shop, boss):
    boss.says("话术 新建 上新")
    shop.later(minutes=5, seconds=1)
    boss.says("今天新到三件连衣裙，来看看？")
    assert "没有叫" in boss.says("话术 看 上新")


def test_rewording_makes_a_version_and_taking_back_brings_the_former(boss):
    boss.says("话术 新建 上新 第一种说法")
    assert "第 2 版" in boss.says("话术 改 上新 第二种说法")
    assert "第二种说法" in boss.says("话术 看 上新")
    boss.says("撤销")
    assert "第一种说法" in boss.says("话术 看 上新")


def test_one_of_the_shelf_is_reworded_under_its_name(boss):
    boss.says("话术 改 到店礼A 到店送一份小礼")
    assert "到店送一份小礼" in boss.says("话术 看 到店礼A")
    boss.says("撤销")
    assert "见面礼" in boss.says("话术 看 到店礼A")


def test_a_name_is_taken_once(boss):
    assert "已经有" in boss.says("话术 新建 到店礼A 别的内容")
    assert "没有叫" in boss.says("话术 改 从来没有 内容内容")


def test_a_hostile_or_broken_template_is_refused_and_not_kept(boss):
    for text in HOSTILE:
        answer = boss.says(f"话术 新建 坏的 {text}")
        assert "存好了" not in answer, text
        assert "抱歉" not in answer, text
        assert "没有叫" in boss.says("话术 看 坏的"), text


def test_signs_that_look_like_a_template_but_are_none_stay_as_typed(boss, mei):
    boss.says("话术 新建 符号 满100减20%，{大}优惠 <b>快来</b> 100%n")
    assert "满100减20%，{大}优惠 <b>快来</b> 100%n" in boss.says("话术 试 符号 小美")


def test_a_text_above_the_limit_is_refused(boss):
    assert "存好了" not in boss.says("话术 新建 太长 " + "长" * 4001)


def pages(person, first):
    """An answer and what follows it with 更多."""
    shown = [first]
    while shown[-1].endswith("（还有，回复“更多”接着看）"):
        shown.append(person.says("更多"))
    return shown


def test_a_very_long_script_is_shown_page_by_page(shop, boss):
    lines = [f"第{number:03}行，一二三四五六七八九十" for number in range(150)]
    boss.says("话术 新建 长的\n" + "\n".join(lines))
    pieces = pages(boss, boss.says("话术 看 长的"))
    assert len(pieces) > 4
    assert all(len(piece) <= 600 for piece in pieces)
    shown = [line for piece in pieces for line in piece.splitlines()]
    assert [line for line in lines if line not in shown] == []
    assert "没有更多了" in boss.says("更多")


def test_a_line_too_long_for_a_page_is_cut_and_nothing_of_it_is_lost(shop, boss):
    boss.says("话术 新建 长的 " + "一二三四五六七八九十" * 200)
    assert "".join(pages(boss, boss.says("话术 看 长的"))).count("七") == 200


def test_each_member_turns_their_own_pages_for_half_an_hour(shop, boss, clerk):
    boss.says("话术 新建 长的 " + "一二三四五六七八九十" * 200)
    boss.says("话术 看 长的")
    assert "没有更多了" in clerk.says("更多")
    shop.later(minutes=31)
    assert "没有更多了" in boss.says("更多")
    boss.says("话术 看 长的")
    boss.says("今日")
    assert "没有更多了" in boss.says("更多")


def test_a_name_is_put_in_by_a_word_a_phone_can_type(boss, mei):
    assert "{{称呼}}" in boss.says("话术 新建 双十二")
    boss.says("双十二来坐坐，{{称呼}}，围巾给您留一条。")
    assert "双十二来坐坐，小美，围巾" in boss.says("话术 试 双十二 小美")
    assert "双十二来坐坐，{{称呼}}，围巾" in boss.says("话术 看 双十二")
    boss.says("话术 改 双十二 ｛｛店名｝｝的围巾到了。")
    assert "小雨服饰的围巾到了" in boss.says("话术 试 双十二 小美")


def test_a_refused_text_is_sent_once_more_without_the_command(boss, mei):
    boss.says("话术 新建 双十二")
    refused = boss.says("双十二来坐坐，{{外号}}，转发朋友圈送红包！")
    assert "没有“外号”这个变量" in refused
    assert "直接再发一遍" in refused
    assert "诱导分享" in boss.says("双十二来坐坐，转发朋友圈送红包！")
    assert "存好了" in boss.says("双十二来坐坐，围巾给您留一条。")
    assert "围巾给您留一条" in boss.says("话术 看 双十二")


def test_after_a_refused_text_a_command_is_a_command(boss, mei):
    boss.says("话术 新建 双十二 转发朋友圈送红包！")
    assert "单号1" in boss.says("消费 小美 298 连衣裙 A102")
    assert "没有叫" in boss.says("话术 看 双十二")
