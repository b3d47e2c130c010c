"""Members of the company: whoever writes to the app is staff, in the same language, and stays removed when removed."""

import re

import pytest
from company import Company

one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_whoever_writes_is_staff_and_whom_the_settings_name_is_owner(company, laoban):
    xiaoli = company.member("xiaoli")
    assert "xiaoli，您是这家店的店员" in xiaoli.enters()
    assert xiaoli.enters() == ""
    assert "以后您就是小丽" in xiaoli.says("我叫小丽")
    assert "1. 王姐 · 老板\n2. 小丽 · 店员" in xiaoli.says("员工")
    assert "只有老板可以做" in xiaoli.says("员工 移除 王姐")
    assert company.shop.export("customers") == []


@one_database
def test_who_says_no_name_is_called_as_the_company_does(company, laoban):
    company.member("achen", "阿陈").enters()
    nameless = company.member("bohe", "薄荷")
    nameless.enters()
    nameless.says("我叫小薄")
    assert "2. achen · 店员" in laoban.says("员工")
    company.shop.work()
    assert "2. 阿陈 · 店员\n3. 小薄 · 店员" in laoban.says("员工")


@one_database
def test_a_directory_asked_too_fast_is_asked_again_later(company, laoban):
    company.shop.work()
    company.shop.fault({"kind": "errcode", "errcode": 45009}, path="/cgi-bin/user/get", times=1)
    company.member("achen", "阿陈").enters()
    company.shop.work()
    assert "2. achen · 店员" in laoban.says("员工")
    company.shop.later(minutes=2)
    company.shop.work()
    assert "2. 阿陈 · 店员" in laoban.says("员工")


@one_database
def test_who_is_removed_stays_so_until_an_invitation(company, laoban, xiaoli):
    laoban.says("新客 张姐 13800138000")
    assert "已移除小丽" in laoban.says("员工 移除 小丽")
    assert "已经不是这家店的店员" in xiaoli.says("查 张姐")
    assert xiaoli.enters() == ""
    code = re.search(r"绑定 ([A-Z0-9]{8})", laoban.says("员工 邀请"))[1]
    assert "没有这个绑定码" in xiaoli.says("绑定 AAAA7777")
    assert "您又是这家店的店员" in xiaoli.says(f"绑定 {code}")
    assert "【张姐" in xiaoli.says("查 张姐")
    assert "小丽 · 店员" in laoban.says("员工")
    assert len(company.shop.export("customers")) == 1  # nobody who works here became one


@one_database
def test_the_command_lines_code_makes_a_member_owner(company, xiaoli):
    code = company.shop.invitation("owner")
    assert "您现在是老板" in xiaoli.says(f"绑定 {code}")
    assert "已经用过" in xiaoli.says(f"绑定 {code}")


@one_database
def test_staff_put_down_what_customers_tell_them(company, laoban, xiaoli):
    laoban.says("新客 小美 13800138000")
    laoban.says("新客 阿兰 13900139000")
    laoban.says("活动 新建 茶会 周六14:00 名额1")
    assert "小美 #1 报上了\n阿兰 #2 在候补第 1 位" in xiaoli.says("报名 1 小美、阿兰")
    assert "本来就报上了" in xiaoli.says("小美 报名 1")
    assert "已取消 小美 #1" in xiaoli.says("取消报名 1 小美")
    assert "1. 阿兰 #2" in laoban.says("活动 名单 1")
    assert "小美 #1 没有报名" in xiaoli.says("取消报名 1 小美")
    assert "小美 #1 不再收营销消息" in xiaoli.says("退订 小美")
    assert [row["opted_out"] for row in company.shop.export("customers")] == [True, False]
    assert "又愿意收" in xiaoli.says("订阅 小美")
    assert [row["opted_out"] for row in company.shop.export("customers")] == [False, False]


def done(member):
    return member.cards[-1]["done"]


@one_database
def test_what_is_chosen_and_confirmed_can_be_tapped_once_and_the_card_says_so(company, laoban):
    shop = company.shop
    for line in ("新客 小美 13800138000", "新客 小美丽 13900139000", "小美、小美丽 +老客"):
        laoban.says(line)
    laoban.says("到店 小")
    shop.work()
    assert [button["text"] for button in laoban.cards[-1]["buttons"]] == ["小美 #1 尾号8000", "小美丽 #2 尾号9000"]
    assert "小美丽 #2 到店了" in laoban.taps("小美丽 #2 尾号9000")
    shop.work()
    assert done(laoban) == "已选第 2 个"
    plan = laoban.says("标签 删除 老客")
    shop.work()
    assert "确认 " in laoban.cards[-1]["text"]
    assert "已删除标签“老客”" in laoban.taps("确认")
    assert "已经用过" in laoban.confirms_code(plan)
    shop.work()
    assert done(laoban) == "已确认"
    assert [row["visited"] for row in shop.export("customers")] == [False, True]


@one_database
def test_what_is_typed_dropped_or_forgotten_changes_the_card_too(company, laoban):
    shop = company.shop
    for line in ("新客 小美 13800138000", "新客 小美丽 13900139000", "小美 +老客"):
        laoban.says(line)
    laoban.says("到店 小")
    shop.work()
    assert "小美 #1 到店了" in laoban.says("1")
    shop.work()
    assert done(laoban) == "已选第 1 个"
    laoban.says("标签 删除 老客")
    shop.work()
    assert "确认码作废" in laoban.taps("不做了")
    shop.work()
    assert done(laoban) == "已取消"
    laoban.says("到店 小")
    shop.work()
    shop.later(minutes=6)
    shop.work()
    assert done(laoban) == "已过时"
    count = len(laoban.cards)
    laoban.confirms_code(laoban.says("标签 删除 老客"))
    shop.work()
    assert len(laoban.cards) == count  # quicker than the card


@one_database
@pytest.mark.parametrize("fault", [{"kind": "errcode", "errcode": -1}, {"kind": "status", "status": 502}])
def test_a_card_the_platform_did_not_hear_of_is_changed_all_the_same(company, laoban, fault):
    shop = company.shop
    laoban.says("新客 小美 13800138000")
    laoban.says("小美 +老客")
    laoban.says("标签 删除 老客")
    shop.work()
    shop.fault(fault, path="/cgi-bin/message/update_template_card", times=2)
    laoban.taps("确认")
    shop.work()
    assert done(laoban) == "已确认"


@one_database
def test_an_app_told_to_slow_down_says_so_by_its_name(company, laoban, xiaoli):
    company.shop.fault({"kind": "errcode", "errcode": 45009}, path="/cgi-bin/message/send", times=1)
    company.contact("小美").adds(xiaoli)
    company.shop.goes_on()
    (told,) = {row.text for row in company.shop.rows("SELECT text FROM notices WHERE text LIKE '%先停一停%'")}
    assert told.startswith("账号 corp：应用消息先停一停：调用太频繁")


@one_database
def test_news_reach_members_at_once_and_the_group_hears_numbers(open_shop, platform_port):
    robot = f"{platform_port.url}/cgi-bin/webhook/send?key={Company.robot_key}"
    shop = open_shop(corp=True, more_accounts=f'[staff]\ngroup_robot = "{robot}"\n')
    company = Company(shop)
    laoban, xiaoli = company.member("laoban"), company.member("xiaoli")
    laoban.says("在吗")
    xiaoli.says("在吗")
    fan = shop.regular("小美")
    fan.says("裙子还有吗，我电话13800138000")
    shop.goes_on(hours=60)  # no window closes on them
    for member in (laoban, xiaoli):
        assert any("小美 #1 说：裙子还有吗" in text for text in member.news())
    shop.later(minutes=1)
    fan.says("人工")
    shop.goes_on()
    assert company.robot_texts[-1].startswith("❗1 位顾客在等回复：小美 #1")
    assert "裙子" not in "".join(company.robot_texts)
    assert "随时能发给您" in laoban.says("通知")
    assert "顾客看到的菜单（熟客的）" in laoban.says("菜单")  # that of the account which has one


def own_code(member):
    """What she gets by 绑定, to be typed in the other account."""
    return re.search(r"\n(绑定 [A-Z0-9]{8})\n", member.says("绑定"))[1]


def test_who_is_staff_in_both_accounts_is_one_of_them(company, laoban, xiaoli):
    shop = company.shop
    fan = shop.staff("小李")
    mei = shop.regular("小美")
    fan.says("负责 小美 小李")
    fan.says("提醒 明天15:00 给小美打电话")
    laoban.says("员工")
    assert "3. 小李" in laoban.says("员工")
    line = own_code(xiaoli)
    assert "两个账号里现在都是您" in fan.says(line)
    told = laoban.says("员工").split("员工：")[1]
    assert "2. 小丽 · 店员 · 顾客 1 位" in told
    assert "小李" not in told
    assert "给小美打电话" in xiaoli.says("提醒")
    xiaoli.says("查 小美")
    assert "小美 #" in fan.says("她 +新款")  # one talk, wherever she goes on with it
    shop.goes_on(hours=60)  # the window of her follower is closed, her app is not
    xiaoli.news()
    mei.says("裙子还有吗，我电话13800138000")
    shop.goes_on()
    assert sum("裙子还有吗" in text for text in xiaoli.news()) == 1
    assert "应用消息：随时能发给您" in fan.says("通知")
    assert "客服消息：" in fan.says("通知")
    assert "已移除小丽" in laoban.says("员工 移除 小丽")
    assert "已经不是这家店的店员" in xiaoli.says("查 小美")
    assert "【" not in fan.says("查 小美")
    assert fan.is_customer


@one_database
def test_the_other_account_may_be_new_and_the_owner_stays_one(company, laoban, xiaoli):
    fan = company.shop.follower("王姐的微信")
    line = own_code(laoban)
    assert "王姐，两个账号里现在都是您（老板）" in fan.says(line)
    assert not fan.is_customer
    assert "已移除小丽" in fan.says("员工 移除 小丽")
    assert "最后一位老板不能移除" in fan.says("员工 移除 王姐")
    assert "员工：\n1. 王姐 · 老板\n邀请" in fan.says("员工")


@one_database
def test_an_own_code_is_for_another_account_only_and_for_ten_minutes(company, laoban, xiaoli):
    line = own_code(xiaoli)
    assert "已经有小丽了" in laoban.says(line)
    assert "已经有小丽了" in xiaoli.says(line)
    company.shop.later(minutes=10)
    fan = company.shop.follower("小李")
    assert "过期了（10 分钟内有效）" in fan.says(line)
    assert fan.is_customer
    line = own_code(xiaoli)
    laoban.says("员工 移除 小丽")
    assert "要老板请才能回来" in fan.says(line)
    assert "要老板请才能回来" in xiaoli.says(line)
    assert "没有这个绑定码" in fan.says("绑定 AAAA7777")


@one_database
def test_owners_hear_of_the_customers_of_a_leaver_who_never_wrote_to_the_app(company, laoban):
    company.contact("小美").adds(company.member("achen", "阿陈"))
    company.shop.goes_on()
    laoban.news()
    company.event(Event="change_contact", ChangeType="delete_user", UserID="achen")
    company.shop.goes_on()
    assert "1 位顾客只加了 TA，在企业微信后台分配给同事以后才发得到。" in laoban.news()[-1]


@one_database
def test_who_leaves_the_company_is_staff_no_more_and_nobodys_friend(company, laoban, xiaoli):
    shop = company.shop
    mei, lan = company.contact("小美"), company.contact("阿兰")
    mei.adds(xiaoli)
    lan.adds(xiaoli)
    lan.adds(laoban)
    shop.work()
    xiaoli.says("负责 小美 小丽")
    laoban.says("话术 新增 新款 新款到店")
    laoban.confirms_code(laoban.says("群发 全部 用 新款 明天10点"))
    xiaoli.event(Event="unsubscribe")
    shop.goes_on()
    assert "小丽看不到应用了" in laoban.news()[-1]
    assert "小丽 · 店员" in laoban.says("员工")
    company.event(Event="change_contact", ChangeType="update_user", UserID="xiaoli")
    assert "小丽 · 店员" in laoban.says("员工")
    company.event(Event="change_contact", ChangeType="delete_user", UserID="xiaoli")
    shop.goes_on()
    told = laoban.news()[-1]
    assert "小丽不在企业通讯录里了，已经不是店员。1 位顾客只加了 TA" in told
    assert "顾客 1 位（小美 #1）" in told
    assert "员工 交接 2 王姐" in told
    assert "小丽" not in laoban.says("员工")
    assert [one.file["identities"][0]["relation"] for one in (mei, lan)] == ["gone", "active"]
    company.event(Event="change_contact", ChangeType="delete_user", UserID="laoban")
    assert "王姐 · 老板" in laoban.says("员工")  # the last owner stays one
    assert lan.file["identities"][0]["relation"] == "gone"
    mei.adds(laoban)  # as whom the company gave her to
    assert mei.file["identities"][0]["relation"] == "active"


@one_database
def test_owners_hear_whom_only_a_removed_member_knows_and_a_plan_says_why_they_get_nothing(company, laoban, xiaoli):
    mei, lan, yan = (company.contact(name) for name in ("小美", "阿兰", "小燕"))
    for one in (mei, lan):
        one.adds(xiaoli)
    for one in (lan, yan):
        one.adds(laoban)
    company.shop.goes_on()
    laoban.says("话术 新增 新款 新款到店")
    assert laoban.says("员工 移除 小丽") == (
        "已移除小丽，马上生效。要请回来，发送“员工 邀请”。\n1 位顾客只加了 TA，在企业微信后台分配给同事以后才发得到。"
    )
    assert laoban.says("撤销") == "“移除 小丽”不能撤销：已经生效。要请回来，发送“员工 邀请”。"
    plan = laoban.says("群发 全部 用 新款")
    assert "· 加的店员都不在店里了：小美 #1" in plan
    assert "企业微信群发（店员在手机上点确认才发出） 2 位" in plan
