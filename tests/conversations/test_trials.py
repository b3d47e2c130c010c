"""Which script works: groups by chance or by tag, what became of each, and a verdict that is not made of noise."""

import pytest

AB = "群发 O 用 到店礼A/到店礼B"


def groups_of(shop):
    found = {}
    for row in shop.export("deliveries"):
        found.setdefault(row["group"], set()).add(row["customer"])
    return found


def sends(shop, boss, line):
    boss.confirms(boss.says(line))
    shop.goes_on()
    shop.goes_on()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_tag_says_whose_script_somebody_gets(shop, boss):
    people = shop.regulars(8)
    boss.says("客01 +B组")
    boss.says("客02 +b")
    boss.says("客03 +A组 +B组")
    plan = boss.says(f"{AB} 对照50%")
    assert "（2 位按标签“B组”）" in plan
    boss.confirms(plan)
    shop.goes_on()
    groups = groups_of(shop)
    assert {people[0].number, people[1].number} <= groups["B"]
    # Who carries two is dealt like everybody else.
    assert len(groups["对照"]) == 3
    assert [person.number in groups["对照"] for person in people[:2]] == [False, False]
    assert "到店礼B（按标签）：发出 2，回复 0" in boss.says("结果 1")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_with_one_script_a_tag_changes_nothing(shop, boss):
    shop.regulars(4)
    boss.says("批量标签 全部 +A组")
    boss.confirms(boss.says("群发 O 用 到店礼A 对照50%"))
    assert {group: len(people) for group, people in groups_of(shop).items()} == {"A": 2, "对照": 2}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_class_is_spread_over_the_groups(shop, boss):
    people = shop.regulars(12)
    for person in people[:4]:
        boss.says(f"到店 {person.name}")
    for person in people[4:8]:
        boss.says(f"消费 {person.name} 100 裙")
    boss.confirms(boss.says("群发 全部 用 到店礼A/到店礼B"))
    groups = groups_of(shop)
    for alike in (people[:4], people[4:8], people[8:]):
        assert [len(groups[group] & {person.number for person in alike}) for group in "AB"] == [2, 2]


def test_the_result_names_a_winner_once_it_may(shop, boss):
    people = {person.number: person for person in shop.regulars(28)}
    sends(shop, boss, AB)
    groups = groups_of(shop)
    shop.later(minutes=5)
    for number in sorted(groups["B"])[:12]:
        people[number].says("要的")
    early = boss.says("结果 1")
    assert "B 到店礼B：发出 14，回复 12（86%，大约 60–96%）" in early
    assert "现在比还太早，9月23日" in early
    assert "更好" not in early
    shop.later(days=2, hours=1)
    result = boss.says("结果 1")
    assert "回复：B 看起来更好（99% 把握）" in result
    assert len(result) <= 600


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_few_answers_are_no_difference(shop, boss):
    people = {person.number: person for person in shop.regulars(12)}
    sends(shop, boss, AB)
    groups = groups_of(shop)
    for number in sorted(groups["B"])[:3]:
        people[number].says("要的")
    people[min(groups["A"])].says("好")
    shop.later(days=3)
    result = boss.says("结果 1")
    assert "话术之间：还看不出差别，还需约 74 人" in result
    assert "9月28日 10:00 再比一次" in result
    shop.later(days=5)
    assert "再比" not in boss.says("结果 1")


def test_sent_is_compared_with_held_out(shop, boss):
    people = {person.number: person.name for person in shop.regulars(24)}
    sends(shop, boss, "群发 O 用 到店礼A 对照50%")
    groups = groups_of(shop)
    assert {group: len(numbers) for group, numbers in groups.items()} == {"A": 12, "对照": 12}
    shop.later(hours=1)
    for number in sorted(groups["A"])[:10]:
        boss.says(f"消费 {people[number]} 100 裙")
    boss.says(f"到店 {people[min(groups['对照'])]}")
    shop.later(days=8)
    result = boss.says("结果 1")
    assert "A 到店礼A：发出 12，回复 0，7天内购买 10 位 1000元，到店 10 位" in result
    assert "对照组：12 位没有发，到店 1 位" in result
    assert "比对照组：购买 +83.3 个百分点" in result
    assert "发了看起来有用（99% 把握）" in result


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_taken_back_or_paid_back_did_not_happen(shop, boss, mei, lan):
    sends(shop, boss, "群发 全部 用 到店礼A")
    shop.later(hours=1)
    boss.says("到店 小美")
    boss.says("撤销")
    boss.says("消费 阿兰 100 裙 线上")
    boss.says("退款 阿兰 100")
    assert "A 到店礼A：发出 2，回复 0\n" in boss.says("结果 1")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_comes_to_an_activity_has_come(shop, boss, mei):
    sends(shop, boss, "群发 全部 用 到店礼A")
    boss.says("活动 新建 茶会 明天14:00 名额20")
    mei.says("报名 1")
    shop.later(days=1)
    boss.says("签到 1 小美")
    assert "到店 1 位" in boss.says("结果 1")
