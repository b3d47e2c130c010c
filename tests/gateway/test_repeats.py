"""The platform may deliver twice, late, at once and in any order: one effect, the same answer."""

from datetime import timedelta

from shop import at_once


def test_the_same_message_again_gets_the_same_answer_and_one_effect(shop, boss, mei):
    xml = boss.text_xml("消费 小美 298 连衣裙", 9001)
    first, second = shop.push(xml), shop.push(xml)
    assert "单号1" in shop.read(first)
    assert shop.read(second) == shop.read(first)
    assert mei.file["spent_fen"] == 29800
    assert len(shop.export("orders")) == 1


def test_eight_copies_at_once_have_one_effect(shop, boss, mei):
    query, body = shop.sealed(boss.text_xml("消费 小美 298 连衣裙", 9001))
    answers = at_once(*[lambda: shop.post(query, body)] * 8)
    assert len({shop.read(answer) for answer in answers}) == 1
    assert mei.file["spent_fen"] == 29800


def test_a_retry_under_another_timestamp_and_nonce_is_the_same_message(shop, boss, mei):
    xml = boss.text_xml("消费 小美 298 连衣裙", 9001)
    first = shop.push(xml)
    shop.later(seconds=5)
    second = shop.push(xml)
    assert shop.read(first) == shop.read(second)
    assert mei.file["spent_fen"] == 29800


def test_the_same_words_under_another_number_are_another_message(shop, boss, mei):
    shop.push(boss.text_xml("消费 小美 298 连衣裙", 9001))
    shop.push(boss.text_xml("消费 小美 298 连衣裙", 9002))
    assert mei.file["spent_fen"] == 59600


def test_an_event_has_no_number_and_is_known_by_all_its_fields(shop, boss):
    guest = shop.person("新来的")
    xml = guest.event_xml("subscribe", "<EventKey><![CDATA[]]></EventKey>")
    answers = at_once(*[lambda: shop.push(xml)] * 4)
    assert len({shop.read(answer) for answer in answers}) == 1
    assert len([record for record in shop.export("customers") if record["name"] is None]) == 1
    assert boss.says("今日").count("新顾客") == 1


def test_two_taps_within_one_second_are_two(shop, mei):
    shop.push(mei.event_xml("CLICK", "<EventKey><![CDATA[退订]]></EventKey>"))
    shop.push(mei.event_xml("CLICK", "<EventKey><![CDATA[订阅]]></EventKey>"))
    assert len(shop.rows("SELECT id FROM inbox WHERE kind = 'menu_click'")) == 2
    assert mei.file["opted_out"] is False


def test_the_platform_tries_again_when_it_got_no_answer(shop, boss, mei):
    shop.ask("/limits", {"callback_retry_seconds": 0.05})
    shop.answers_to_lose = 2
    assert boss.try_to("say", text="消费 小美 298 连衣裙")["outcome"] == "error"
    shop.settle()
    assert mei.file["spent_fen"] == 29800
    assert "单号1" in boss.phone.texts[-1]
    assert [len(push["attempts"]) for push in shop.ask("/callbacks")["callbacks"]][-1] == 3


def test_a_person_asking_ten_things_at_once_is_answered_ten_times(shop, boss, mei):
    lines = [f"小美 +标签{number}" for number in range(10)]
    answers = at_once(
        *[
            lambda line=line, number=number: shop.push(boss.text_xml(line, 9000 + number))
            for number, line in enumerate(lines)
        ]
    )
    assert all(f"+标签{number}" in shop.read(answer) for number, answer in enumerate(answers))
    assert sorted(mei.file["tags"]) == [f"标签{number}" for number in range(10)]


def test_many_people_at_once_each_get_their_own_answer(shop, boss):
    people = [shop.follower(f"客{number}") for number in range(20)]
    answers = at_once(
        *[lambda person=person: shop.push(person.text_xml(f"我叫{person.name}", 9000)) for person in people]
    )
    assert all(answer.status == 200 for answer in answers)
    # MsgId is unique within the account: those that carry somebody else's are taken for repeats, nothing worse.
    assert len({record["name"] for record in shop.export("customers")} - {None}) == 1
    answers = at_once(
        *[
            lambda person=person, number=number: shop.push(person.text_xml(f"我叫{person.name}", 9100 + number))
            for number, person in enumerate(people)
        ]
    )
    assert all(person.name in shop.read(answer) for person, answer in zip(people, answers, strict=True))


def relation(person):
    return person.file["identities"][0]["relation"]


def test_leaving_and_coming_count_by_their_own_time_not_by_arrival(shop, boss, mei):
    now = shop.clock.now()
    left = mei.event_xml("unsubscribe", at=now + timedelta(seconds=10))
    came = mei.event_xml("subscribe", at=now + timedelta(seconds=20))
    shop.push(came)
    shop.push(left)
    assert relation(mei) == "active"


def test_a_late_subscribe_does_not_bring_back_who_has_left(shop, boss):
    guest = shop.person("路过")
    now = shop.clock.now()
    shop.push(guest.event_xml("unsubscribe", at=now + timedelta(seconds=20)))
    shop.push(guest.event_xml("subscribe", at=now + timedelta(seconds=10)))
    assert relation(guest) == "gone"


def test_an_old_unsubscribe_delivered_again_cancels_nothing(shop, boss, mei):
    left = mei.event_xml("unsubscribe", at=shop.clock.now() + timedelta(seconds=1))
    shop.push(left)
    shop.later(minutes=1)
    mei.try_to("unfollow")
    mei.follows()
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.push(left)
    shop.goes_on()
    assert len(mei.phone.pushed) == 1


def test_who_joins_and_leaves_a_list_twice_ends_as_said_last(shop, boss, mei):
    now = shop.clock.now()
    out = mei.text_xml("退订", 9001, at=now)
    back = mei.text_xml("订阅", 9002, at=now + timedelta(seconds=1))
    shop.push(out)
    shop.push(back)
    shop.push(out)
    assert mei.file["opted_out"] is False
