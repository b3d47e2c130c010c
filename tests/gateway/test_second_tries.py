"""What cannot be handled is kept, apologised for, tried again and shown to staff; it stops nobody else."""

import shutil
import threading
import time
from contextlib import contextmanager

from sqlalchemy import text

SALE = "消费 小美 298 连衣裙"


@contextmanager
def refusing_money(shop):
    """As long as it lasts the database refuses every entry in the ledger: a real failure in the midst of a command."""
    if shop.store.sqlite:
        made = ["CREATE TRIGGER refuse BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END"]
        undone = ["DROP TRIGGER refuse"]
    else:
        body = "BEGIN RAISE EXCEPTION 'no'; END"
        made = [
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            "CREATE TRIGGER refuse BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION refuse()",
        ]
        undone = ["DROP TRIGGER refuse ON ledger", "DROP FUNCTION refuse()"]
    run(shop, made)
    yield
    run(shop, undone)


def run(shop, statements):
    with shop.store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def row(shop):
    (found,) = shop.rows("SELECT state, attempts, error, reply FROM inbox ORDER BY id DESC LIMIT 1")
    return found


def test_a_failure_is_apologised_for_and_leaves_nothing_half_done(shop, boss, mei):
    before = mei.file
    with refusing_money(shop):
        assert "抱歉" in boss.says(SALE)
        kept = row(shop)
        assert (kept.state, kept.attempts) == ("received", 1)
        assert kept.error
        assert "连衣裙" not in kept.error
    assert mei.file == before
    assert shop.export("orders") == []


def test_the_second_try_does_it_and_the_answer_follows(shop, boss, mei):
    with refusing_money(shop):
        boss.says(SALE)
    shop.later(seconds=6)
    shop.work()
    assert mei.file["spent_fen"] == 29800
    assert any("298元" in message for message in boss.phone.pushed)
    assert row(shop).state == "done"
    shop.later(minutes=5)
    shop.work()
    assert mei.file["spent_fen"] == 29800


def test_after_three_failures_it_is_set_aside_and_staff_are_told(shop, boss, clerk, mei):
    with refusing_money(shop):
        boss.says(SALE)
        for _ in range(2):
            shop.later(minutes=1)
            shop.work()
        kept = row(shop)
        assert (kept.state, kept.attempts) == ("quarantined", 3)
        shop.later(minutes=10)
        shop.work()
        assert row(shop).attempts == 3
    assert any("三次" in message for message in boss.phone.pushed)
    assert any("三次" in message for message in clerk.phone.pushed)
    assert mei.file["spent_fen"] == 0


def test_a_repeat_of_what_failed_gets_the_same_answer_and_no_extra_try(shop, boss, mei):
    xml = boss.text_xml(SALE, 9001)
    with refusing_money(shop):
        first = shop.push(xml)
        second = shop.push(xml)
    assert "抱歉" in shop.read(first)
    assert shop.read(second) == shop.read(first)
    assert row(shop).attempts == 1


def test_one_bad_message_does_not_stop_the_others(shop, boss, mei, lan):
    with refusing_money(shop):
        boss.says(SALE)
        assert "小美" in boss.says("查 小美")
        assert "阿兰" in lan.says("我的")
        shop.later(minutes=1)
        shop.work()
        assert "+北京" in boss.says("小美 +北京")


def test_messages_that_arrive_together_with_a_bad_one_are_all_handled(shop, boss, mei):
    good = [boss.text_xml(f"小美 +标签{number}", 9000 + number) for number in range(6)]
    with refusing_money(shop):
        threads = [
            threading.Thread(target=shop.push, args=(xml,)) for xml in [*good[:3], boss.text_xml(SALE, 9100), *good[3:]]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(mei.file["tags"]) == 6
    assert mei.file["spent_fen"] == 0


# --- the database is away ---------------------------------------------------------------------------------------------


@contextmanager
def locked(shop):
    """Somebody keeps the whole database to himself."""
    connection = shop.store.engine.connect()
    # On SQLite every transaction of ours begins as the one writer.
    connection.execute(text("SELECT 1" if shop.store.sqlite else "LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def test_while_the_database_is_locked_letters_are_kept_on_disk_and_answered_later(shop, boss, mei):
    with locked(shop):
        started = time.monotonic()
        done = boss.try_to("say", text=SALE)
        assert (done["outcome"], done["reply"]) == ("success", None)
        assert time.monotonic() - started < 4.5
        assert mei.try_to("say", text="我叫小美美")["outcome"] == "success"
        # The platform delivers again what it believes was lost: still one effect.
        again = shop.push(boss.text_xml("小美 +北京", 9001))
        assert again.body == b"success"
    shop.work()
    assert mei.file["spent_fen"] == 29800
    assert mei.file["name"] == "小美美"
    assert any("298元" in message for message in boss.phone.pushed)
    assert any("小美美" in message for message in mei.phone.pushed)
    assert "+北京" in shop.read(shop.push(boss.text_xml("小美 +北京", 9001))) or mei.file["tags"] == ["北京"]
    shop.work()
    assert mei.file["spent_fen"] == 29800


def test_freshness_of_what_waited_on_disk_counts_from_when_it_came(shop, boss, mei):
    with locked(shop):
        boss.try_to("say", text=SALE)
    shop.later(hours=5)
    shop.work()
    assert mei.file["spent_fen"] == 29800


def test_a_broken_file_is_set_aside_and_the_rest_goes_on(shop, boss, mei):
    with locked(shop):
        boss.try_to("say", text=SALE)
    folder = shop.settings.state_folder / "spool"
    (folder / "00000000000000000001-1-000001.json").write_text("half a rec")
    (folder / "00000000000000000002-1-000001.json").write_text('{"account": "nobody", "query": {}, "body": ""}')
    shop.work()
    assert mei.file["spent_fen"] == 29800
    assert list(folder.glob("*.json")) == []


def test_a_spool_that_cannot_be_written_lets_the_platform_try_again(shop, boss, mei):
    shop.ask("/limits", {"callback_retry_seconds": 0.05})
    folder = shop.settings.state_folder / "spool"
    shutil.rmtree(folder)
    folder.write_text("not a folder any more")
    with locked(shop):
        assert shop.push(boss.text_xml(SALE, 9001)).status == 503
    folder.unlink()
    assert shop.push(boss.text_xml(SALE, 9001)).status == 200
    assert mei.file["spent_fen"] == 29800


def test_nothing_of_what_was_written_stands_in_the_log(shop, boss, mei, caplog):
    with refusing_money(shop):
        boss.says("消费 小美 298 秘密的东西")
    shop.push("no xml 秘密的东西")
    assert "inbox_handler_failed" in caplog.text
    for secret in ("秘密的东西", "小美", boss.openid, shop.settings.accounts[0].secret):
        assert secret not in caplog.text


def test_without_redis_everything_goes_on(open_shop):
    shop = open_shop(redis_url="unix:///nowhere/redis.sock")
    boss, mei = shop.staff("王姐", "owner"), shop.regular("小美")
    boss.confirms(boss.says("群发 全部 用 到店礼A"))
    shop.goes_on()
    assert len(mei.phone.pushed) == 1
    ready = shop.web.test_client().get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["redis"] != "ok"


def test_a_table_that_is_missing_is_a_failure_and_no_reason_to_wait_for_the_database(shop, boss, mei):
    run(shop, ["ALTER TABLE ledger RENAME TO ledger_elsewhere"])
    assert "抱歉" in boss.says(SALE)
    assert row(shop).state == "received"
    run(shop, ["ALTER TABLE ledger_elsewhere RENAME TO ledger"])
    shop.later(seconds=6)
    shop.work()
    assert mei.file["spent_fen"] == 29800


def test_raw_callbacks_are_kept_for_thirty_days(shop, boss, mei):
    mei.says("在吗")
    (last,) = shop.rows("SELECT max(id) FROM inbox")[0]
    shop.later(days=29)
    shop.work()
    assert shop.rows(f"SELECT count(*) FROM inbox WHERE id <= {last}") == [(last,)]
    shop.later(days=2)
    mei.says("还在吗")
    shop.work()
    assert shop.rows(f"SELECT count(*) FROM inbox WHERE id <= {last}") == [(0,)]
    assert "还在吗" in boss.says("待回")
