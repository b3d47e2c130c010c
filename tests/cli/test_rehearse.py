"""`shuke rehearse` in an empty folder, and beside a shop that has plans of its own: which days, in which words, how often."""

import hashlib
import json
from contextlib import closing

import pytest

import app
from bot.clock import SystemClock
from bot.domain.care import occasions
from bot.domain.merchants.models import Staff
from bot.store.engine import open_store
from bot.store.transaction import transaction

LINE = "rehearse --from 2027-02-04 --days 4 --customers 12 --seed 3 --messages year.jsonl"


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """A terminal in a folder of its own: what the command printed, and the messages it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHUKE_CONFIG", raising=False)

    def rehearse(line=LINE):
        assert app.main(line.split()) == 0
        file = tmp_path / "year.jsonl"
        return capsys.readouterr().out, file.read_bytes()

    return rehearse


def test_without_a_database_all_that_ships_is_played_and_the_same_seed_says_the_same(typed, tmp_path):
    report, written = typed()
    messages = [json.loads(line) for line in written.splitlines()]
    assert set(messages[0]) == {"at", "to", "purpose", "occasion", "route", "text"}
    assert {"2027-02-05", "2027-02-06"} <= {one["at"][:10] for one in messages if one["purpose"] == "marketing"}
    assert all(one["at"].endswith("+08:00") for one in messages)
    assert {one["to"] == "staff" for one in messages if one["purpose"] == "reminder"} == {True}
    assert "2月6日 周六 春节" in report
    assert typed() == (report, written)
    # Nothing was made beside what was asked for.
    assert [file.name for file in tmp_path.iterdir()] == ["year.jsonl"]


def test_a_shops_own_plans_are_played_and_nothing_of_it_is_touched(typed, tmp_path):
    (tmp_path / "config.toml").write_text('[shop]\nname = "老王茶庄"\n', encoding="utf-8")
    assert app.main(["db", "upgrade"]) == 0
    database = tmp_path / "data" / "shuke.db"
    with closing(open_store(f"sqlite:///{database}")) as store, transaction(store, SystemClock()) as tx:
        owner = Staff(name="老王", role="owner", active=True, created_at=tx.now)
        tx.session.add(owner)
        tx.session.flush()
        occasions.switch(tx, list(occasions.usual_year()), "off", staff_id=owner.id)
        occasions.switch(tx, ["春节"], "send", staff_id=owner.id)
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    report, written = typed()
    messages = [json.loads(line) for line in written.splitlines()]
    assert {one["occasion"] for one in messages if one["to"] != "staff"} == {"春节"}
    assert "除夕" not in report
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
