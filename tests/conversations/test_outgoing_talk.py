"""The checker in the talk: what the platform punishes is never kept nor planned, the rest is told and the owner's to decide."""

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_what_the_platform_punishes_is_not_kept_and_another_wording_is_offered(boss):
    answer = boss.says("话术 新建 裂变 转发到朋友圈领红包，截图给我")
    assert "没有存" in answer
    assert "诱导分享" in answer
    assert "改法" in answer
    assert "没有叫" in boss.says("话术 看 裂变")


def test_a_warning_is_told_when_it_is_kept_and_again_in_the_plan_and_the_owner_may_go_on(shop, boss, mei):
    assert "广告法" in boss.says("话术 新建 吹牛 国家级面料到店了，来摸一摸")
    mei.says("在吗")
    plan = boss.says("群发 全部 用 吹牛")
    assert "广告法" in plan
    boss.confirms(plan)
    shop.work()
    assert "国家级面料到店了，来摸一摸" in mei.phone.texts


def test_staff_leave_a_warning_to_the_owner(shop, boss, clerk, mei):
    boss.says("话术 新建 吹牛 国家级面料到店了，来摸一摸")
    answer = clerk.says("群发 全部 用 吹牛")
    assert "老板" in answer
    assert "确认" not in answer.splitlines()[-1]


def test_a_punished_text_that_stood_there_before_is_refused_before_the_code(shop, boss, mei):
    boss.says("话术 新建 旧话 今天到货")
    with shop.open() as tx:
        tx.execute(text("UPDATE script_versions SET text = '关注公众号领红包'"))
    answer = boss.says("群发 全部 用 旧话")
    assert "没有排" in answer
    assert "诱导关注" in answer


def test_a_plain_text_is_kept_without_a_word(boss):
    assert "留意" not in boss.says("话术 新建 到货 第一批裙子到了，最近有空来看看")


def test_a_name_in_single_braces_is_told_the_way_a_phone_can_type(boss):
    assert "如 {{称呼}}、{{店铺地址}}" in boss.says("话术 新建 上新 {称呼}好，新款到了，最近有空来看看")
