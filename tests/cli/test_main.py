"""What is typed at a terminal reaches the right part, and mistakes are answered with what to do."""

import pytest

from bot.cli.commands import Commands, Report
from bot.cli.main import build_parser, main
from bot.errors import Refusal
from bot.settings import Account


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A terminal in an empty folder, and what the commands were asked, in order."""
    monkeypatch.chdir(tmp_path)
    asked = []

    def broadcast(settings, clock, action, number):
        if number == 99:
            raise Refusal("没有第 99 次群发。看看有哪些：shuke broadcast list")
        asked.append((action, number))
        return f"{action} {number}"

    def export(settings, clock, subject, form, out):
        asked.append((subject, form, settings.shop_name))
        out.write("{}\n")

    def part(name):
        return lambda settings, clock: asked.append((name, settings.listen, settings.shop_name))

    def sandbox(argv):
        asked.append(("sandbox", *argv))
        return 7

    def invite(settings, clock, role):
        asked.append((role, clock.now().tzinfo))
        return "ABCD1234"

    def bring_in(settings, clock, subject, file, *, dry_run, partial):
        asked.append((subject, str(file), dry_run, partial))
        return Report(["第 2 行：没有姓名"], ok=partial)

    def sync(settings, clock, account, tell):
        tell(f"{account}：和平台一样")
        return 1 if account == "refused" else 0

    def rehearse(settings, *, own_plans, first, days, customers, seed, messages, tell):
        asked.append((own_plans, first.isoformat(), days, customers, seed))
        if messages is not None:
            messages.write("{}\n")
        return Report(["演练"], ok=seed != 13)

    commands = Commands(
        web=part("web"),
        worker=part("worker"),
        scheduler=part("scheduler"),
        preload=lambda settings: None,
        sandbox=sandbox,
        demo_accounts=lambda: [Account(name="demo")],
        invite=invite,
        first_owner_code=lambda settings, clock: None,
        export=export,
        bring_in=bring_in,
        broadcast=broadcast,
        sync=sync,
        reach=lambda settings, clock, account: None,
        rehearse=rehearse,
    )

    def typed(line, **environ):
        return main(line.split(), commands, environ)

    typed.asked = asked
    typed.folder = tmp_path
    return typed


def test_an_account_is_gone_through_once_more(shop, capsys):
    assert shop("db upgrade") == 0
    assert shop("sync main") == 0
    assert capsys.readouterr().out.endswith("main：和平台一样\n")
    assert shop("sync refused") == 1


def test_a_part_alone(shop):
    assert shop("web --listen 127.0.0.1:8123") == 0
    assert shop("worker") == 0
    assert shop("scheduler") == 0
    assert shop.asked == [
        ("web", "127.0.0.1:8123", "本店"),
        ("worker", "127.0.0.1:8000", "本店"),
        ("scheduler", "127.0.0.1:8000", "本店"),
    ]


def test_config_stands_after_the_name_of_every_command(shop):
    (shop.folder / "my.toml").write_text('[shop]\nname = "小雨服饰"', encoding="utf-8")
    assert shop("export --config my.toml orders --format csv") == 0
    assert shop("export orders --config my.toml") == 0
    assert shop("worker --config my.toml") == 0
    assert shop("db --config my.toml upgrade") == 0
    assert shop("sandbox --config my.toml --port 0 --seed 3") == 7
    assert shop.asked == [
        ("orders", "csv", "小雨服饰"),
        ("orders", "jsonl", "小雨服饰"),
        ("worker", "127.0.0.1:8000", "小雨服饰"),
        ("sandbox", "--port", "0", "--seed", "3"),
    ]


def test_every_command_takes_config():
    for name in build_parser()._subparsers._group_actions[0].choices:
        rest = {
            "sync": ["main"],
            "staff": ["invite"],
            "db": ["upgrade"],
            "export": ["tags"],
            "broadcast": ["list"],
        }.get(name, [])
        rest = ["ledger", "a.csv"] if name == "import" else rest
        arguments, _ = build_parser().parse_known_args([name, "--config", "x.toml", *rest])
        assert str(arguments.config) == "x.toml"


def test_the_codes_line_is_the_last(shop, capsys):
    assert shop("staff invite --role owner") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "ABCD1234"
    assert "绑定 ABCD1234" in lines[0]
    assert shop.asked[0][0] == "owner"


def test_a_broadcast_is_shown_and_paused(shop, capsys):
    assert shop("broadcast list") == 0
    assert shop("broadcast pause 12") == 0
    assert shop.asked == [("list", None), ("pause", 12)]
    assert capsys.readouterr().out == "list None\npause 12\n"


def test_an_import_says_what_it_did_or_on_the_other_output_why_not(shop, capsys):
    assert shop("import ledger a.csv") == 1
    assert capsys.readouterr() == ("", "第 2 行：没有姓名\n")
    assert shop("import customers b.xlsx --dry-run --partial") == 0
    assert capsys.readouterr() == ("第 2 行：没有姓名\n", "")
    assert shop.asked == [("ledger", "a.csv", False, False), ("customers", "b.xlsx", True, True)]


def test_refusals_go_to_standard_error(shop, capsys):
    assert shop("broadcast show 99") == 1
    assert shop("broadcast show") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "没有第 99 次群发。看看有哪些：shuke broadcast list",
        "Which one? For example: shuke broadcast show 12 (shuke broadcast list)",
    ]


def test_a_wrong_setting_stops_every_command_before_it_begins(shop, capsys):
    (shop.folder / "config.toml").write_text('[web]\nlistn = "x"', encoding="utf-8")
    for line in (
        "run",
        "web",
        "worker -n 2",
        "scheduler",
        "staff invite",
        "export tags",
        "import ledger a.csv",
        "broadcast list",
        "db upgrade",
    ):
        assert shop(line) == 1
        assert capsys.readouterr().err == "config.toml: unknown setting web.listn. Did you mean web.listen?\n"
    assert shop.asked == []
    assert not (shop.folder / "data").exists()


def test_a_missing_file_that_was_named(shop, capsys):
    assert shop("web --config gone.toml") == 1
    assert shop("web", SHUKE_CONFIG="gone.toml") == 1
    assert capsys.readouterr().err.count("gone.toml: no such file") == 2


def test_a_wrong_address_for_web(shop, capsys):
    assert shop("web --listen 8000") == 1
    assert capsys.readouterr().err.startswith('--listen: "8000" is no address')


def test_a_database_that_is_away_stops_the_worker_but_not_web(shop, capsys):
    (shop.folder / "config.toml").write_text('[store]\nurl = "postgresql+psycopg://u:word@127.0.0.1:1/x"')
    assert shop("worker") == 1
    assert shop("web") == 0
    assert [name for name, *_ in shop.asked] == ["web"]
    assert "word" not in capsys.readouterr().err


@pytest.mark.parametrize("line", ["", "dance", "web --prot 1", "worker -n 0", "worker -n two", "export cats", "run it"])
def test_a_mistyped_line(line, shop, capsys):
    with pytest.raises(SystemExit) as ended:
        shop(line)
    assert ended.value.code == 2
    assert "shuke" in capsys.readouterr().err


def test_an_empty_database_is_set_up_and_said(shop, capsys):
    assert shop("db upgrade") == 0
    assert shop("db upgrade") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("The database is up to date")


def test_a_rehearsal_is_asked_for_as_typed_and_says_when_a_rule_did_not_hold(shop, capsys):
    line = "rehearse --from 2027-01-01 --days 30 --customers 20 --seed 7 --messages year.jsonl"
    assert shop(line) == 0
    assert shop.asked == [(False, "2027-01-01", 30, 20, 7)]
    assert capsys.readouterr().out == "演练\n"
    assert (shop.folder / "year.jsonl").read_text() == "{}\n"
    assert shop("rehearse --seed 13") == 1


def test_a_rehearsal_names_the_file_it_cannot_write_before_it_plays(shop, capsys):
    assert shop("rehearse --messages nowhere/year.jsonl") == 1
    assert "nowhere/year.jsonl" in capsys.readouterr().err
    assert shop.asked == []
