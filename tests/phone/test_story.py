"""The story of a shop's first days, told only through the phone page, against the real ``shuke run``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from browser import needs_browser
from playwright.sync_api import Locator, expect
from rooms import House, still_there
from screen import ARRIVES, PHONE, Page, Phone

GIFTS = ("到店礼A", "到店礼B", "到店礼C")
TALKERS = ("阿兰", "阿强", "周姐", "林妹", "老何", "小陈")
SILENT = ("方方", "吴姐", "小赵")
NEWS = "周末上新，给您留了一件，回个1就行"


@needs_browser
def test_a_shops_first_days(house: House, look: Callable[..., Page]) -> None:
    page = look()
    boss = the_owner_binds(page, house.code)
    # Half a year before Mid-Autumn, whenever the test runs.
    page.clock_to(f"{page.now().year + 1}-03-01T10:00")
    a_customer_gets_a_file(page, boss)
    more_customers_follow(page)
    three_gifts_go_out_by_group(page, boss)
    one_replies(page, boss)
    a_second_broadcast_waits_for_its_hour(page, boss)
    an_activity_fills_up(page, boss)
    the_red_packet_is_remembered(page, boss)
    everything_stops(house)


def the_owner_binds(page: Page, code: str) -> Phone:
    boss = page.choose("老板")
    page.shot("01-start")
    boss.follow()
    expect(boss.says(f"绑定 {code} 王姐")).to_contain_text("绑定好了，王姐，您是这家店的老板")
    return boss


def a_customer_gets_a_file(page: Page, boss: Phone) -> None:
    mei = page.newcomer("小美")
    expect(mei.got("我叫")).to_be_visible()
    expect(mei.menu).to_be_visible(timeout=ARRIVES)
    expect(mei.says("我叫小美")).to_contain_text("小美")
    page.shot("02-customer-follows")

    expect(boss.says("小美 +VIP +北京")).to_contain_text("N·O·VIP · 北京")
    expect(boss.says("消费 小美 298 连衣裙")).to_contain_text("298元")
    card = boss.says("查 小美")
    for line in ("Y·M·VIP", "标签：北京", "298元，1 次", "连衣裙"):
        expect(card).to_contain_text(line)
    page.shot("03-card")
    expect(boss.says("撤销")).to_contain_text("已撤销")
    expect(boss.says("查 小美")).to_contain_text("N·O·VIP")
    expect(boss.says("人群 O")).to_contain_text("人群“O”：1 位")
    page.shot("04-undone")


def more_customers_follow(page: Page) -> None:
    for name in TALKERS:
        expect(page.newcomer(name).says(f"我叫{name}")).to_contain_text(name)
    page.shot("05-more-follow")


def three_gifts_go_out_by_group(page: Page, boss: Phone) -> None:
    plan = boss.says(f"群发 O 用 {'/'.join(GIFTS)}")
    for line in ("人群：O，7 位", "不占群发次数） 6 位", "确认后马上发"):
        expect(plan).to_contain_text(line)
    expect(plan).to_contain_text(re.compile(r"不发 1 位：\s*· VIP 不群发[^·]*：小美 #"))
    for group, gift in zip("ABC", GIFTS, strict=True):
        expect(plan).to_contain_text(f"{group} 组 {gift}：2 位")
    page.shot("06-plan")
    expect(boss.says(f"确认 {code_in(plan)}")).to_contain_text("群发 1 已确认")

    examples = re.findall(r"^([ABC]) (\S+) #\d+：\n(.+)", plan.inner_text(), re.MULTILINE)
    assert [group for group, _, _ in examples] == ["A", "B", "C"]
    assert len({text for _, _, text in examples}) == 3
    for group, name, text in examples:
        phone = page.choose(name)
        expect(phone.got(text)).to_have_count(1, timeout=ARRIVES)
        expect(phone.got("", via="custom")).to_have_count(1)
        page.shot(f"07-gift-{group}")
    expect(page.choose("小美").got("", via="custom")).to_have_count(0)
    expect(boss.says("结果 1")).to_contain_text("共 7 位：已发 6 · 不发 1")
    page.shot("08-result")


def one_replies(page: Page, boss: Phone) -> None:
    page.choose("阿兰").types("来，帮我收好")
    replies = boss.says("回复 1")
    expect(replies).to_contain_text(re.compile("阿兰 #\\d+：来，帮我收好"))
    page.shot("09-replies")


def a_second_broadcast_waits_for_its_hour(page: Page, boss: Phone) -> None:
    for name in SILENT:
        page.newcomer(name)
    boss.says("话术 新建 周末上新")
    expect(boss.says(NEWS)).to_contain_text("周末上新")
    plan = boss.says("群发 O 用 周末上新 明天10点")
    # Following opens a window of a minute: tomorrow those who have said nothing are reached by mass send only.
    for line in ("不占群发次数） 6 位", "每人每月最多 4 次） 3 位", "10:00"):
        expect(plan).to_contain_text(line)
    page.shot("10-plan-for-tomorrow")
    expect(boss.says(f"确认 {code_in(plan)}")).to_contain_text(re.compile("10:00 开始发.*9 位"))
    silent, talker = page.choose(SILENT[0]), page.choose(TALKERS[0])
    expect(talker.got(NEWS)).to_have_count(0)
    page.tab.get_by_test_id("clock-tomorrow").click()
    expect(talker.got(NEWS)).to_have_count(1, timeout=ARRIVES)
    page.shot("11-tomorrow")
    page.choose(SILENT[0])
    expect(silent.got(NEWS, via="mass")).to_have_count(1, timeout=ARRIVES)
    page.shot("12-tomorrow-by-mass")


def an_activity_fills_up(page: Page, boss: Phone) -> None:
    expect(boss.says("活动 新建 会员茶会 周六14:00 名额2 地点 本店")).to_contain_text("0/2 位")
    for name in ("阿兰", "阿强"):
        expect(page.choose(name).says("报名 1")).to_contain_text("会员茶会")
    expect(page.choose("周姐").says("报名 1")).to_contain_text("候补第 1 位")
    roster = boss.says("活动 名单 1")
    expect(roster).to_contain_text("2/2 位")
    expect(roster).to_contain_text("候补：周姐")
    page.shot("13-activity")


def the_red_packet_is_remembered(page: Page, boss: Phone) -> None:
    planned = boss.says("红包 计划 中秋 老客群 200元 20个")
    expect(planned).to_contain_text("给“老客群”发 20 个，共 200元")
    ((month, day),) = re.findall(r"中秋（(\d+)月(\d+)日", planned.inner_text())
    eve = date(page.now().year, int(month), int(day)) - timedelta(days=1)
    notice = boss.got("有新消息", via="template")
    expect(notice).to_have_count(0)
    page.clock_to(f"{eve}T10:00")
    # Half a year later nothing else may be sent to her: her last word is longer ago than 48 hours.
    expect(notice).to_have_count(1, timeout=ARRIVES)
    page.shot("14-packet-notice")
    told = boss.says("红包")
    expect(told).to_contain_text("🔔 红包 1：明天是中秋")
    expect(told).to_contain_text("发完请回：红包 已发 1")
    page.shot("15-packet-in-full")


def everything_stops(house: House) -> None:
    parts = house.parts()
    assert len(parts) >= 6  # web, two workers, the scheduler, the sandbox, Redis
    code, said = house.interrupt()
    assert (code, still_there(parts)) == (0, [])
    assert "熟客已停止。" in said
    assert "Traceback" not in said


def code_in(plan: Locator) -> str:
    expect(plan).to_contain_text("确认请在 10 分钟内回复")
    (code,) = re.findall(r"确认 ([0-9A-Z]{4})", plan.inner_text())
    return code


@needs_browser
def test_on_a_telephone_list_talk_and_menu_take_turns(house: House, look: Callable[..., Page]) -> None:
    page = look(PHONE)
    people = page.tab.get_by_test_id("people-list")
    name = people.locator("[data-role=customer] .person-name").first.inner_text()
    page.shot("01-list")
    customer = page.choose(name)
    expect(people).to_be_hidden()
    customer.follow()
    expect(customer.menu).to_be_visible(timeout=ARRIVES)
    page.shot("02-talk")
    expect(customer.taps("我的")).to_contain_text("会员编号")
    page.shot("03-mine")
    customer.menu.get_by_role("button", name="找我们").click()
    page.shot("04-more")
    customer.region.get_by_test_id("back").click()
    expect(people).to_be_visible()
    expect(page.person(name)).to_contain_text("会员编号")
    page.shot("05-list")
