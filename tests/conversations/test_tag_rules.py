"""Tags that rules put on: after a sale at once, by night for everybody, with the reason, and never against staff."""

import pytest

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def mei(shop):
    return shop.regular("小美")


@pytest.fixture
def lan(shop):
    return shop.regular("阿兰")


def ruled(person):
    return sorted(person.file["tags"])


def test_a_sale_puts_tags_on_with_the_reason_and_undo_takes_them_off(boss, mei):
    boss.says("消费 小美 1200 大衣")
    assert ruled(mei) == ["头部", "送货上门", "首购"]
    story = boss.says("历史 小美")
    assert "规则贴上标签 送货上门：累计消费 1200元" in story
    assert "规则贴上标签 首购：第一次买在 30 天内" in story
    boss.says("撤销")
    assert mei.file["tags"] == []


def test_three_times_in_a_month_is_often(shop, boss, mei):
    for _time in range(3):
        boss.says("消费 小美 30 茶")
        shop.later(days=2)
    assert "高频" in ruled(mei)
    boss.says("退款 单号2 30")
    assert "高频" not in ruled(mei)


def test_the_night_finds_who_is_lapsing_and_a_purchase_ends_it(shop, boss, mei):
    for _time in range(3):
        boss.says("消费 小美 30 茶")
        shop.later(days=20)
    shop.strike()
    assert "流失预警" not in ruled(mei)
    shop.later(days=21)
    shop.strike()
    assert ruled(mei) == ["头部", "流失预警"]
    assert "规则贴上标签 流失预警：41 天没买，平常 20 天买一次" in boss.says("历史 小美")
    assert "规则去掉标签 首购：不再符合" in boss.says("历史 小美")
    assert "1 位" in boss.says("人群 流失预警")
    boss.says("消费 小美 30 茶")
    assert "流失预警" not in ruled(mei)


def test_what_staff_put_on_stays_and_what_they_took_off_stays_off(shop, boss, mei, lan):
    boss.says("阿兰 +高频")
    boss.says("消费 阿兰 30 茶")
    boss.says("消费 小美 1200 大衣")
    boss.says("小美 -送货上门")
    boss.says("小美 +首购")
    shop.later(days=40)
    shop.strike()
    assert "高频" in ruled(lan)
    assert ruled(mei) == ["头部", "首购"]
    boss.says("小美 -首购")
    boss.says("撤销")
    assert "首购" in ruled(mei)


def test_the_owner_switches_a_rule_and_changes_its_number(shop, boss, clerk, mei):
    boss.says("消费 小美 1200 大衣")
    assert "· 流失预警：超过平常间隔的两倍没来买（至少 30 天）" in boss.says("规则")
    assert "只有老板" in clerk.says("规则 关 送货上门")
    assert "关了" in boss.says("规则 关 送货上门")
    shop.strike()
    assert "送货上门" not in ruled(mei)
    assert "送货上门：累计消费满 1000元（关着）" in boss.says("规则")
    boss.says("撤销")
    shop.strike()
    assert "送货上门" in ruled(mei)
    assert "累计消费满 2000元" in boss.says("规则 送货上门 2000元")
    shop.strike()
    assert "送货上门" not in ruled(mei)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("规则 流失预警 45天", "至少 45 天"),
        ("规则 头部 10%", "前 10%"),
        ("规则 高频 四次", "买满 4 次"),
        ("规则 首购14天", "14 天内"),
        ("规则 高频 45天", "不是天"),
        ("规则 高频 1", "2 次 到 30 次"),
        ("规则 流失 45天", "您是不是要“流失预警”"),
        ("规则 关 早起", "没有叫“早起”的规则"),
    ],
)
def test_a_rule_is_changed_in_few_words(boss, line, answer):
    assert answer in boss.says(line)
