"""Letters: one personal word a day, none at night, none too late; and broadcasts leave out who had one."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import update

from bot.delivery.outbox import Delivery
from bot.domain.care import letters
from bot.domain.customers.models import Customer
from bot.store.transaction import transaction

SEND = "群发 全部 用 到店礼A"
HAD = "今天已收到一条"


def write(shop, person, key="birthday:2026:1", *, text="生日快乐", purpose="service", days=1, tx=None):
    """What a letter came to: state, reason, and when to ask again in the shop's zone."""
    if tx is None:
        with shop.open() as tx:
            return write(shop, person, key, text=text, purpose=purpose, days=days, tx=tx)
    letter = letters.send(
        tx,
        shop.settings,
        tx.session.get_one(Customer, person.number),
        occasion="生日",
        key=key,
        purpose=purpose,
        text=text,
        staff_id=None,
        until=tx.now + timedelta(days=days),
    )
    again = letter.again_at and letter.again_at.astimezone(shop.settings.timezone).strftime("%m-%d %H:%M")
    return letter.state, letter.reason, again


def test_a_letter_goes_out_once_where_the_window_is_open(shop, mei):
    assert write(shop, mei) == ("queued", "", None)
    shop.goes_on()
    assert write(shop, mei, text="生日快乐呀")[0] == "queued"
    shop.goes_on()
    assert mei.phone.pushed == ["生日快乐"]


def test_with_the_window_closed_it_is_copied_by_hand_while_it_is_of_use(shop, boss, mei):
    shop.at("2026-09-24 10:00")
    boss.says("在")
    assert write(shop, mei)[0] == "by_hand"
    listed = boss.says("今日")
    assert "小美" in listed
    assert "生日 要人工发" in listed
    assert "生日快乐" in boss.says("文案 1")
    shop.at("2026-09-25 10:01")
    shop.strike()
    assert "小美" not in boss.says("今日")
    assert shop.rows("SELECT state, reason FROM deliveries WHERE occurrence = '生日'") == [("cancelled", "过了时间")]
    assert shop.rows("SELECT state FROM care_letters") == [("over",)]


def test_what_is_of_no_use_tomorrow_comes_before_what_has_time(shop, boss, mei):
    lan = shop.regular("阿兰")
    shop.at("2026-09-24 10:00")
    boss.says("跟进 阿兰 b 下次看样衣 今天15点")
    write(shop, mei, days=0.3)
    listed = boss.says("今日")
    assert listed.index("小美") < listed.index(lan.name)


def test_what_was_sent_by_hand_is_the_one_of_its_day(shop, boss, mei):
    shop.at("2026-09-24 10:00")
    boss.says("在")
    write(shop, mei)
    boss.says("今日")
    assert "小美" in boss.says("完成 1")
    mei.says("在吗")
    assert HAD in boss.says(SEND)
    assert write(shop, mei, "order:1:arrived") == ("later", HAD, "09-25 10:00")


def test_none_at_night_and_none_before_ten(shop, mei):
    for hour, opens in (("21:30", "09-22 10:00"), ("09:30", "09-21 10:00")):
        shop.at(f"2026-09-21 {hour}")
        assert write(shop, mei, f"night:{hour}") == ("later", "还没到发的钟点", opens)
    shop.at("2026-09-21 10:00")
    assert write(shop, mei, "night:09:30")[0] == "queued"


def test_whoever_has_one_today_waits_for_tomorrow_and_what_waits_too_long_is_dropped(shop, mei):
    write(shop, mei)
    assert write(shop, mei, "order:1:arrived", days=2) == ("later", HAD, "09-22 10:00")
    assert write(shop, mei, "order:1:used", days=0.5) == ("later", HAD, "09-22 10:00")
    shop.at("2026-09-22 10:00")
    shop.strike()
    assert write(shop, mei, "order:1:used") == ("skipped", f"过了时间（{HAD}）", None)
    assert write(shop, mei, "order:1:arrived")[0] == "queued"


def test_a_broadcast_leaves_out_who_had_a_letter_that_day(shop, boss, mei, lan):
    write(shop, mei)
    shop.goes_on()
    plan = boss.says(SEND)
    assert HAD in plan
    boss.confirms(plan)
    shop.goes_on()
    assert (len(mei.phone.pushed), len(lan.phone.pushed)) == (1, 1)


def test_a_letter_between_plan_and_confirmation_counts(shop, boss, mei, lan):
    plan = boss.says(SEND)
    write(shop, mei)
    boss.confirms(plan)
    shop.goes_on()
    assert mei.phone.pushed == ["生日快乐"]
    assert {row["reason"] for row in shop.export("deliveries") if row["customer"] == mei.number} == {HAD}


def test_who_is_to_get_a_broadcast_today_gets_no_letter_besides(shop, boss, mei):
    boss.confirms(boss.says(SEND))
    assert write(shop, mei) == ("later", "今天有一场群发发给 TA", "09-22 10:00")
    shop.goes_on()
    assert write(shop, mei, "order:1:sent") == ("later", HAD, "09-22 10:00")
    assert len(mei.phone.pushed) == 1


def test_what_was_held_up_until_another_day_still_comes_alone(shop, boss, mei):
    write(shop, mei, days=3)
    shop.at("2026-09-22 10:00")
    boss.confirms(boss.says(SEND))
    shop.work()
    assert mei.phone.pushed == ["生日快乐"]
    assert [row["reason"] for row in shop.export("deliveries")] == [HAD]


def test_a_letter_held_up_behind_a_broadcast_goes_the_day_after(shop, boss, mei):
    boss.confirms(boss.says(f"{SEND} 明天10:30"))
    write(shop, mei, days=3)
    with shop.open() as tx:
        # Its turn comes only when the broadcast is out.
        tx.execute(update(Delivery).where(Delivery.occurrence != "").values(due_at=tx.now + timedelta(days=1, hours=1)))
    shop.at("2026-09-22 10:30")
    shop.goes_on()
    shop.goes_on(hours=2)
    assert len(mei.phone.pushed) == 1
    shop.at("2026-09-23 09:59")
    mei.says("我叫小美")
    shop.work()
    assert len(mei.phone.pushed) == 1
    shop.goes_on(minutes=1)
    assert mei.phone.pushed[1:] == ["生日快乐"]


@pytest.mark.parametrize(
    ("says", "purpose", "state"),
    [
        ("退订", "marketing", "skipped"),
        ("退订", "service", "queued"),
        ("投诉 衣服破了", "marketing", "skipped"),
        ("投诉 衣服破了", "service", "later"),
        ("红色的还有吗", "service", "later"),
        ("红色的还有吗", "marketing", "later"),
    ],
)
def test_wishes_complaints_and_open_talks_come_first(shop, mei, says, purpose, state):
    mei.says(says)
    assert write(shop, mei, purpose=purpose)[0] == state


def test_a_talk_that_is_over_lets_the_letter_go(shop, boss, mei):
    mei.says("红色的还有吗")
    assert write(shop, mei) == ("later", "在等回复，先聊", "09-21 11:00")
    boss.says("回 小美 有的")
    shop.goes_on(minutes=61)
    assert write(shop, mei)[0] == "queued"


def test_who_left_gets_nothing_and_who_never_followed_is_written_to_by_hand(shop, boss, mei):
    mei.unfollows()
    assert write(shop, mei)[:2] == ("skipped", "已取消关注")
    boss.says("新客 周姐 13800001111")
    with shop.open() as tx:
        (walk_in,) = tx.session.query(Customer).filter_by(phone="13800001111")
        letter = letters.send(
            tx,
            shop.settings,
            walk_in,
            occasion="生日",
            key="walk-in",
            purpose="service",
            text="生日快乐",
            staff_id=None,
            until=tx.now + timedelta(days=1),
        )
        assert (letter.state, letter.reason) == ("by_hand", "没有关注公众号")


def test_an_answer_is_told_as_one_to_the_letter_unless_a_broadcast_came_later(shop, boss, mei):
    boss.says("今日")
    write(shop, mei)
    shop.goes_on()
    mei.says("谢谢，还记得我")
    shop.goes_on()
    assert "说（回复“生日”）：谢谢，还记得我" in boss.phone.pushed[-1]
    assert shop.rows("SELECT COUNT(*) FROM deliveries WHERE occurrence = '生日' AND replied_at IS NOT NULL") == [(1,)]
    boss.says("回 小美 应该的")
    shop.goes_on(days=1)
    mei.says("我叫小美")
    boss.confirms(boss.says(SEND))
    shop.goes_on()
    mei.says("什么礼呀")
    shop.goes_on()
    assert "说（回复群发 1）：什么礼呀" in boss.phone.pushed[-1]


def test_a_reason_that_is_gone_takes_its_letter_back(shop, mei):
    write(shop, mei)
    with shop.open() as tx:
        assert letters.take_back(tx, "birthday:2026:1", "单子退了")
    shop.goes_on()
    assert mei.phone.pushed == []
    assert write(shop, mei, "order:1:sent")[0] == "queued"
    shop.goes_on()
    with shop.open() as tx:
        assert not letters.take_back(tx, "order:1:sent", "单子退了")


def test_two_at_once_are_one(shop, mei):
    number, states = mei.number, []
    person = type("Somebody", (), {"number": number})

    def other():
        with transaction(shop.store, shop.clock) as tx:
            states.append(write(shop, person, "order:1:arrived", tx=tx)[0])

    with shop.open() as tx:
        thread = Thread(target=other)
        states.append(write(shop, person, tx=tx)[0])
        thread.start()
        thread.join(0.3)
    thread.join()
    assert states == ["queued", "later"]


def test_letters_follow_when_two_files_are_one(shop, boss, mei, lan):
    write(shop, lan)
    write(shop, mei, "order:1:sent")
    boss.says("合并 小美 阿兰")
    assert {row[0] for row in shop.rows("SELECT customer_id FROM care_letters")} == {min(mei.number, lan.number)}
