"""资料: a customer's file by talking, in any order, with its score, and what customers say of their own."""

import pytest

TAKE_BACK = "（不对就回复“撤销”）"


def file_of(shop, person):
    record = person.file
    return record["file"] | {name: record[name] for name in ("phone", "sex", "city", "wechat", "birthday")}


def test_several_fields_in_any_order_with_their_synonyms(shop, boss, mei):
    answer = boss.says("资料 小美 生日 农历八月十五 衣码 L 电话 13800138000 爱好 瑜伽、看书")
    for word in ("记好了", "农历八月十五", "衣码 L", "13800138000", "瑜伽、看书", TAKE_BACK):
        assert word in answer
    boss.says("小美 资料 35岁 女 汉族，职业：老师，微信号 mei_88 城市 北京市")
    assert file_of(shop, mei) == {
        "size": "L",
        "leisure": "瑜伽、看书",
        "ethnic": "汉族",
        "work": "老师",
        "phone": "13800138000",
        "sex": "女",
        "city": "北京",
        "wechat": "mei_88",
        "birthday": "农历1991年八月十五",
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_bad_part_refuses_the_whole_line(shop, boss, mei, lan):
    boss.says("资料 阿兰 电话 13900139000")
    before = shop.export("customers")
    for line, word in {
        "资料 小美 衣码 L 哈哈": "哈哈",
        "资料 小美 衣码 L 电话 1380013": "11 位",
        "资料 小美 衣码 L 生日 2月30日": "没有2月30日",
        "资料 小美 爱好 瑜伽 生日": "“生日”后面还没写",
        "资料 小美 衣码 L 衣码 M": "写了两个",
        "资料 小美 衣码 L 电话 13900139000": f"合并 #{lan.number} #{mei.number}",
        "资料 小美 描述 " + "好" * 201: "最多 200 个字",
        "资料 孙悟空 衣码 L": "没有找到",
        "资料 小美 删除 呵呵": "呵呵",
    }.items():
        answer = boss.says(line)
        assert word in answer, (line, answer)
        assert TAKE_BACK not in answer
    assert shop.export("customers") == before


def test_the_score_is_a_fifth_basic_and_four_fifths_personal(boss, mei):
    assert "资料 2 分" in boss.says("资料 小美")  # the name, one of ten basic fields
    boss.says("资料 小美 爱好 瑜伽")
    assert "资料 10 分" in boss.says("资料 小美")
    boss.says("消费 小美 298 连衣裙 A102")  # money spent and an article number: two more basic ones
    shown = boss.says("小美的资料")
    assert "资料 14 分" in shown
    assert "累计 298元" in shown
    assert "资料：14 分" in boss.says("查 小美")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_next_missing_field_is_offered_to_ask_for(boss, mei, newcomer):
    assert "改名 #" in boss.says(f"资料 #{newcomer.number}")
    assert "电话" in boss.says("资料 小美").splitlines()[-1]
    boss.says("资料 小美 电话 13800138000")
    assert "生日" in boss.says("资料 小美").splitlines()[-1]
    boss.says("资料 小美 生日 5月1日")
    assert "喜欢做什么" in boss.says("资料 小美").splitlines()[-2]


def test_a_field_is_changed_emptied_and_everything_taken_back(shop, boss, mei):
    boss.says("资料 小美 电话 13800138000 衣码 L 生日 1990年5月1日")
    before = shop.export("customers")
    assert "（删掉）" in boss.says("资料 小美 删除 电话 生日 衣码")
    assert file_of(shop, mei) == {"phone": None, "sex": None, "city": None, "wechat": None, "birthday": None}
    boss.says("资料 小美 电话 13900139000 衣码 M")
    boss.says("撤销")
    boss.says("撤销")
    assert [r | {"last_seen_at": 0} for r in shop.export("customers")] == [r | {"last_seen_at": 0} for r in before]
    assert "原来：电话 13800138000" in boss.says("历史 小美")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_note_in_the_wrong_file_is_taken_back(boss, mei):
    assert TAKE_BACK in boss.says("备注 小美 怕热，喜欢素色")
    assert "怕热" in boss.says("历史 小美")
    assert "已撤销" in boss.says("撤销")
    history = boss.says("历史 小美")
    assert "怕热" not in history
    assert "撤销" in history


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_history_is_read_page_by_page(shop, boss, mei):
    for number in range(1, 14):
        shop.later(minutes=1)
        boss.says(f"备注 小美 第{number}件事。")
    first = boss.says("历史 小美")
    assert "第13件事" in first
    assert "第2件事" in first
    assert "第1件事" not in first
    assert f"历史 #{mei.number} 2" in first
    second = boss.says(f"历史 #{mei.number} 2")
    assert "第1件事" in second
    assert "关注" in second
    assert "更早的" not in second
    assert "没有第 3 页" in boss.says("历史 小美 3")


# --- customers' own -----------------------------------------------------------------------------------------------


def test_customers_see_and_tell_their_own(shop, boss, mei):
    boss.says("改名 小美 爱砍价的小美")
    boss.says("资料 爱砍价的小美 电话 13800138000 性格 急")
    assert "农历八月十五" in mei.says("生日 农历八月十五")
    assert "建国路88号" in mei.says("地址 北京市朝阳区建国路88号")
    own = mei.says("资料")
    for word in ("称呼：小美", "13800138000", "农历八月十五", "建国路88号"):
        assert word in own
    for word in ("爱砍价", "急"):  # how staff see her stays in the shop
        assert word not in own
    assert mei.file["birthday"] == "农历八月十五"
    assert "没看懂这个日子" in mei.says("生日 2月30日")
    assert mei.file["birthday"] == "农历八月十五"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_talk_about_birthdays_and_addresses_is_talk(shop, boss, mei):
    for line in ("生日有优惠吗", "地址在哪", "生日快乐", "资料在哪里看", "别删除我的资料"):
        mei.says(line)
    assert mei.file["birthday"] is None
    assert mei.file["file"] == {}
    assert "等" in boss.says("待回")


def test_customers_export_what_we_know_of_them(shop, boss, mei):
    boss.says("资料 小美 电话 13800138000 爱好 瑜伽")
    boss.says("消费 小美 298 连衣裙")
    boss.says("活动 新建 茶会 9月24日14:00 名额2")
    mei.says("报名 1")
    mei.says("裙子很好看")
    told = mei.says("导出我的资料")
    for word in ("13800138000", "瑜伽", "298元 连衣裙", "茶会", "裙子很好看", "接收"):
        assert word in told


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_long_export_goes_on_in_messages(shop, boss, mei):
    for number in range(8):
        mei.says(f"第{number}句" + "话" * 200)
    told = mei.says("导出我的资料")
    shop.goes_on()
    whole = told + "".join(mei.phone.pushed)
    assert all(f"第{number}句" in whole for number in range(8))


def test_erasing_asks_first_and_then_leaves_only_the_money(shop, boss, mei, lan):
    boss.says("资料 小美 电话 13800138000 爱好 瑜伽")
    boss.says("小美 +北京 +VIP")
    boss.says("消费 小美 298 连衣裙 备注 送小美妈妈")
    boss.says("备注 小美 爱砍价")
    boss.says("活动 新建 茶会 9月24日14:00 名额1")
    mei.says("报名 1")
    lan.says("报名 1")
    mei.says("我要投诉，裙子破了")
    number = mei.number
    asked = mei.says("删除我的资料")
    assert "确认删除我的资料" in asked
    assert mei.file["phone"] == "13800138000"
    assert "已经删除" in mei.says("确认删除我的资料")
    (record,) = [one for one in shop.export("customers") if one["number"] == number]
    assert (record["name"], record["phone"], record["identities"], record["tags"]) == ("已注销", None, [], [])
    assert (record["file"], record["spent_fen"], record["opted_out"]) == ({}, 29800, True)
    (order,) = shop.export("orders")
    assert (order["amount_fen"], order["items"], order["note"]) == (29800, "连衣裙", "")
    assert all(said["customer"] != number for said in shop.export("messages"))
    assert f"1. 阿兰 #{lan.number}" in boss.says("活动 名单 1")  # her place went to who waited
    dump = "\n".join(
        str(shop.rows(f"SELECT * FROM {table}"))
        for table in (
            "customers",
            "timeline",
            "file_entries",
            "identities",
            "utterances",
            "cases",
            "changes",
            "notices",
            "windows",
            "deliveries",
            "orders",
            "ledger",
        )
    )
    for word in ("小美", "13800138000", "瑜伽", "爱砍价", "破了", mei.openid):
        assert word not in dump, word


def test_no_code_no_open_question_and_none_of_her_callbacks_names_the_erased(shop, boss, clerk, lan):
    zhen = shop.regular("阿珍")  # the examples in our own texts are called 小美
    boss.says("阿珍 +阿珍家 +北京")
    boss.says("阿兰 +阿珍友 +北京")
    boss.confirms(boss.says("标签 删除 阿珍家"))
    hers, anothers = boss.says("标签 删除 阿珍友"), clerk.says("标签 删除 北京")
    boss.says("照片 阿珍")
    clerk.says("消费 阿真 58 袜子")  # a number, or a tap, opens a file or means her
    shop.work()
    zhen.says("我的电话是 13800138000")
    zhen.says("确认删除我的资料")
    tables = ("confirmations", "talk_states", "notices")
    assert "阿珍" not in str(shop.rows("SELECT payload FROM contents"))
    assert "阿珍" not in "\n".join(str(shop.rows(f"SELECT * FROM {table}")) for table in tables)
    callbacks = str(shop.rows("SELECT * FROM inbox"))
    assert zhen.openid not in callbacks
    assert "13800138000" not in callbacks
    assert "过期" in boss.confirms(hers)
    assert "已删除标签“北京”" in clerk.confirms(anothers)
    assert "放下" not in boss.says("待回")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_repeat_of_the_wish_to_be_erased_gets_the_same_answer(shop, mei):
    shop.ask("/limits", {"callback_retry_seconds": 0.05})
    shop.answers_to_lose = 1
    mei.try_to("say", text="确认删除我的资料")
    shop.settle()
    assert "已经删除" in mei.phone.texts[-1]
    assert not mei.is_customer


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_key_of_the_hashes_lies_beside_the_database(shop, mei):
    mei.says("确认删除我的资料")
    file = shop.settings.state_folder / "erasure.key"
    key = file.read_text().strip()
    assert len(key) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in str(shop.rows("SELECT * FROM forgotten"))


def test_who_was_erased_is_not_brought_back_and_begins_anew_by_a_word(shop, boss, mei):
    mei.says("确认删除我的资料")
    with shop.open() as tx:
        from bot.domain.customers import followers

        stranger = followers.Follower(mei.openid, None, "小美", "", "")
        assert followers.take_in(tx, "main", [stranger]) == 0
    assert not mei.is_customer
    assert "查" not in mei.says("在吗")
    assert mei.is_customer
    assert (mei.file["name"], mei.file["opted_out"]) == (None, True)
    mei.says("订阅")
    assert mei.file["opted_out"] is False


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_erased_cannot_be_brought_back_by_undo(shop, boss, mei):
    boss.says("资料 小美 电话 13800138000")
    mei.says("确认删除我的资料")
    assert "不能撤销" in boss.says("撤销")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_still_waited_for_the_erased_is_cancelled(shop, boss, mei, lan):
    boss.confirms(boss.says("群发 全部 用 到店礼A 明天10点"))
    mei.says("确认删除我的资料")
    shop.later(days=1)
    shop.goes_on()
    assert mei.phone.pushed == []
    assert [row["state"] for row in shop.export("deliveries")].count("sent") == 1
