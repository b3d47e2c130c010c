"""Subscribe notices: a service message reaches who said yes to the pop-up when no window is open, once for each yes."""

from datetime import timedelta

import pytest

from bot.domain.care import letters
from bot.domain.customers.models import Customer
from bot.sandbox.settings import DEMO_STAFF_TEMPLATE

SEND = "*/subscribe/bizsend"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def shop(open_shop):
    # The first line belongs to the account before it.
    return open_shop(more_accounts=f'service_notice_template = "{DEMO_STAFF_TEMPLATE}"\n')


def says_yes(person, times=1, template=DEMO_STAFF_TEMPLATE, answer="accept"):
    chosen = [{"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": 1}] * times
    person.does("event", event={"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": chosen}})


def switches_off(person):
    chosen = {"TemplateId": DEMO_STAFF_TEMPLATE, "SubscribeStatusString": "reject"}
    person.does("event", event={"Event": "subscribe_msg_change_event", "SubscribeMsgChangeEvent": {"List": [chosen]}})


@pytest.fixture
def party(shop, boss):
    """A tea party on Saturday; guests are reminded on Friday and on the day, when they have long been silent."""
    boss.says("活动 新建 会员茶会 9月26日14:00 名额20 地点 本店")

    def with_guests(*guests):
        for guest in guests:
            assert "报名" in guest.says("报名 1")

    return with_guests


def reminded(shop):
    shop.at("2026-09-25 14:05")
    shop.goes_on()


def test_who_said_yes_is_reminded_who_did_not_is_left_to_staff(shop, mei, lan, party):
    party(mei, lan)
    says_yes(mei)
    says_yes(lan, answer="reject")
    reminded(shop)
    assert mei.phone.routes == ["template"]
    card = mei.phone.messages[-1]["payload"]["data"]
    assert "茶会" in card["thing1"]["value"] or "明天" in card["thing1"]["value"]
    assert card["thing3"]["value"] == "小雨服饰"
    assert lan.phone.pushed == []
    rows = shop.rows("SELECT state, route FROM deliveries WHERE purpose = 'service' ORDER BY customer_id, id")
    assert [tuple(row) for row in rows] == [("sent", "subscribe"), ("by_hand", "by_hand")]
    # One yes, one notice: two hours before there is none left.
    shop.at("2026-09-26 12:05")
    shop.goes_on()
    assert mei.phone.routes == ["template"]


@sqlite_only
def test_while_a_window_is_open_it_is_a_message_and_costs_no_yes(shop, mei, party):
    party(mei)
    says_yes(mei)
    shop.at("2026-09-25 13:00")
    mei.says("在")
    reminded(shop)
    assert mei.phone.routes == ["custom"]
    shop.at("2026-09-28 10:00")
    assert [row[0] for row in shop.rows("SELECT unused FROM notice_rights")] == [1]


@sqlite_only
def test_what_was_bought_is_gone_when_the_template_is_switched_off(shop, mei, party):
    party(mei)
    says_yes(mei, times=2)
    assert [row[0] for row in shop.rows("SELECT unused FROM notice_rights")] == [2]
    switches_off(mei)
    reminded(shop)
    assert mei.phone.pushed == []
    assert shop.calls("bizsend") == []


@sqlite_only
def test_the_platform_knows_of_none_left(shop, mei, party):
    party(mei)
    says_yes(mei, times=2)
    shop.fault({"kind": "errcode", "errcode": 43101}, path=SEND)
    reminded(shop)
    assert shop.rows("SELECT state, reason FROM deliveries WHERE purpose = 'service'")[0][:] == (
        "by_hand",
        "客户没有订阅这条通知，或订阅次数用完了",
    )
    assert [row[0] for row in shop.rows("SELECT unused FROM notice_rights")] == [0]


@sqlite_only
def test_an_answer_that_got_lost_is_settled_by_the_report_and_never_sent_twice(shop, mei, party):
    party(mei)
    says_yes(mei, times=2)
    shop.fault({"kind": "reset"}, when="after", path=SEND, times=1)
    reminded(shop)
    for _ in range(3):
        shop.goes_on(minutes=10)
    assert mei.phone.routes == ["template"]
    assert shop.rows("SELECT state FROM deliveries WHERE purpose = 'service'")[0][0] == "sent"


@sqlite_only
def test_a_call_that_certainly_did_not_send_gives_the_yes_back(shop, mei, party):
    party(mei)
    says_yes(mei)
    shop.fault({"kind": "errcode", "errcode": 45009}, path=SEND, times=1)
    reminded(shop)
    assert [row[0] for row in shop.rows("SELECT unused FROM notice_rights")] == [1]
    shop.at("2026-09-26 00:10")
    shop.goes_on()
    assert mei.phone.routes == ["template"]


@sqlite_only
def test_marketing_never_goes_that_way(shop, boss, mei):
    says_yes(mei)
    boss.says("话术 新建 上新 这周新款到了")
    shop.later(days=3)
    boss.confirms(boss.says("群发 全部 用 上新"))
    shop.goes_on()
    assert shop.calls("bizsend") == []


@sqlite_only
def test_words_that_may_not_stand_in_a_template_are_told_by_hand(shop, boss, mei):
    boss.says("活动 新建 优惠券派发日 9月26日14:00 名额20 地点 本店")
    mei.says("报名 1")
    says_yes(mei)
    reminded(shop)
    assert shop.calls("bizsend") == []
    assert [row[0] for row in shop.rows("SELECT state FROM deliveries WHERE purpose = 'service'")] == ["by_hand"]
    assert [row[0] for row in shop.rows("SELECT unused FROM notice_rights")] == [1]


def letter(shop, person, key, purpose="service", text="裙子到了吗？穿着合身吗"):
    with shop.open() as tx:
        whose = tx.session.get_one(Customer, person.number)
        said = {"occasion": "到货", "key": key, "purpose": purpose, "text": text, "staff_id": None}
        return letters.send(tx, shop.settings, whose, until=tx.now + timedelta(days=1), **said).state


def test_a_letter_of_service_goes_that_way_one_that_advertises_does_not(shop, boss, mei):
    says_yes(mei, times=3)
    shop.at("2026-09-25 10:00")
    assert letter(shop, mei, "play:1", "marketing") == "by_hand"
    shop.at("2026-09-26 10:00")
    assert letter(shop, mei, "play:2", text="您的优惠券快过期了") == "by_hand"
    shop.at("2026-09-28 10:00")
    assert letter(shop, mei, "order:1:arrived") == "queued"
    shop.goes_on()
    assert mei.phone.routes == ["template"]
    assert mei.phone.messages[-1]["payload"]["data"]["thing1"]["value"] == "裙子到了吗？穿着合身吗"
    states = shop.rows("SELECT state, route FROM deliveries WHERE occurrence <> '' ORDER BY id")
    assert [tuple(row) for row in states][-1] == ("sent", "subscribe")
