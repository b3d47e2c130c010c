"""What other programs read: the fields and words of ``shuke export``, which are promised."""

from datetime import datetime

CUSTOMER = (
    "number name nickname remark phone identities tags visited purchased vip grade follow_up stage spent_fen opted_out"
    " created_at last_seen_at wechat sex city birthday file photos"
)
ORDER = "number customer amount_fen refunded_fen items note stage source paid_at created_at"
DELIVERY = "broadcast customer account script group route state reason planned_at sent_at platform_id replied_at"


def test_customers_and_orders(shop, boss, mei):
    boss.says("小美 +VIP +北京")
    boss.says("消费 小美 298 连衣裙")
    boss.says("跟进 小美 b")
    (customer,) = shop.export("customers")
    assert set(customer) == set(CUSTOMER.split())
    assert customer | {"created_at": "", "last_seen_at": ""} == {
        "number": mei.number,
        "name": "小美",
        "nickname": None,
        "remark": None,
        "phone": None,
        "identities": [{"account": "main", "id": mei.openid, "relation": "active"}],
        "tags": ["北京", "头部", "首购"],
        "visited": True,
        "purchased": True,
        "vip": True,
        "grade": "S",
        "follow_up": "b",
        "stage": "③",
        "spent_fen": 29800,
        "opted_out": False,
        "created_at": "",
        "last_seen_at": "",
        "wechat": None,
        "sex": None,
        "city": None,
        "birthday": None,
        "file": {},
        "photos": 0,
    }
    (order,) = shop.export("orders")
    assert set(order) == set(ORDER.split())
    assert (order["number"], order["customer"], order["stage"]) == (1, mei.number, "③")


def test_moments_are_iso_with_their_zone(shop, boss, mei):
    boss.says("消费 小美 298 连衣裙")
    moments = [shop.export("customers")[0]["created_at"], shop.export("orders")[0]["paid_at"]]
    for moment in moments:
        parsed = datetime.fromisoformat(moment)
        assert parsed.utcoffset().total_seconds() == 0
        assert abs((parsed - shop.clock.now()).total_seconds()) < 60


def test_deliveries_have_a_row_for_everybody_the_segment_names(shop, boss, mei, lan):
    boss.says("小美 +VIP")
    shop.regulars(3)
    boss.confirms(boss.says("群发 全部 用 到店礼A/到店礼B 对照20%"))
    shop.goes_on()
    rows = shop.export("deliveries")
    assert len(rows) == 5
    assert all(set(row) == set(DELIVERY.split()) for row in rows)
    assert {row["broadcast"] for row in rows} == {1}
    assert {row["customer"] for row in rows} == {record["number"] for record in shop.export("customers")}
    assert {row["group"] for row in rows if row["state"] == "sent"} == {"A", "B"}
    (held,) = [row for row in rows if row["group"] == "对照"]
    (vip,) = [row for row in rows if row["customer"] == mei.number]
    assert (held["state"], held["sent_at"]) == ("skipped", None)
    assert (vip["state"], vip["group"], vip["route"], vip["sent_at"]) == ("skipped", None, None, None)
    assert all(row["reason"] for row in rows if row["state"] == "skipped")
    assert all(row["sent_at"] and row["script"] for row in rows if row["state"] == "sent")


def test_staff_are_in_no_export(shop, boss, clerk, mei):
    assert [record["name"] for record in shop.export("customers")] == ["小美"]
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    assert len(shop.export("deliveries")) == 1


def test_nobody_and_nothing_is_an_empty_export(shop):
    for subject in ("customers", "tags", "orders", "messages", "deliveries", "broadcasts"):
        assert shop.export(subject) == []
