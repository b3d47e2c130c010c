"""The doctor names what is wrong, says what to do, and ends with 1 only where something must be done."""

import http.server
import threading
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from bot.cli import database
from bot.cli.commands import ContactRights
from bot.cli.doctor import examine
from bot.clock import SystemClock
from bot.errors import PlatformFailure


@pytest.fixture
def platform():
    """Something that answers HTTP with a date, as every platform does; ``ahead`` shifts it."""

    class Answer(http.server.BaseHTTPRequestHandler):
        ahead = 0

        def do_HEAD(self):
            self.send_response_only(404)
            self.send_header(
                "Date", format_datetime(SystemClock().now() + timedelta(seconds=Answer.ahead), usegmt=True)
            )
            self.end_headers()

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    Answer.url = f"http://127.0.0.1:{server.server_port}"
    yield Answer
    server.shutdown()
    server.server_close()


@pytest.fixture
def doctor(tmp_path, capsys, platform):
    """Lets the doctor look at a shop with one account; ``failure`` is what the platform answers to the token call."""

    def look(failure=None, *, more="", aes_key="a" * 43):
        def reach(settings, clock, reached):
            if failure is not None:
                raise failure

        file = tmp_path / "config.toml"
        file.write_text(
            f'{more}\n[[accounts]]\nname = "main"\napp_id = "wx1"\nsecret = "s3cr3t-of-main"\ntoken = "tokenOfMain"\n'
            f'aes_key = "{aes_key}"\napi_base_url = "{platform.url}"\n',
            encoding="utf-8",
        )
        code = examine(file, {}, reach)
        return code, capsys.readouterr().out

    with database.opened(f"sqlite:///{tmp_path}/data/shuke.db") as store:
        database.upgrade(store)
    return look


def failure(code):
    return PlatformFailure("refused", code=code, decision="account")


def test_all_is_well(doctor):
    code, said = doctor()
    assert code == 0
    assert "[问题]" not in said
    assert "公众号 main：平台认可" in said
    assert "一切就绪" in said


@pytest.mark.parametrize(
    ("errcode", "advice"),
    [
        (40164, "IP白名单"),
        (40125, "重置 AppSecret"),
        (40001, "重置 AppSecret"),
        (40013, "核对 app_id"),
        (89503, "管理员"),
    ],
)
def test_what_the_platform_refuses(errcode, advice, doctor):
    code, said = doctor(failure(errcode))
    assert code == 1
    assert str(errcode) in said
    assert advice in said


def test_a_platform_that_cannot_be_reached(doctor):
    code, said = doctor(failure(None))
    assert code == 1
    assert "连不上平台" in said
    assert "api_base_url" in said


@pytest.fixture
def company(tmp_path, capsys, platform):
    """The same with a company's account; ``answer`` is what the platform says of contacts, or the failure."""

    def look(answer):
        def reach(settings, clock, reached):
            if isinstance(answer, PlatformFailure):
                raise answer
            return answer

        file = tmp_path / "config.toml"
        file.write_text(
            '[[accounts]]\nname = "corp"\nplatform = "wecom"\ncorp_id = "ww1"\nagent_id = 1000002\nsecret = "s3cr3t"\n'
            f'token = "tokenOfCorp"\naes_key = "{"a" * 43}"\napi_base_url = "{platform.url}"\n',
            encoding="utf-8",
        )
        return examine(file, {}, reach), capsys.readouterr().out

    return look


def test_a_company(company):
    code, said = company(ContactRights(("lihua", "wangwu"), ("wangwu",)))
    assert (code, "[问题]" in said) == (0, False)
    assert "企业微信 corp：平台认可企业ID 和 Secret" in said
    assert "2 位同事能加客户" in said
    assert "还没有客户的同事：wangwu" in said
    assert "公众号" not in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ContactRights(refused=PlatformFailure("不能用", code=48002, decision="channel")), "可调用接口的应用，勾选"),
        (
            ContactRights(refused=PlatformFailure("请添加可信IP", code=60020, decision="account")),
            "60020（请添加可信IP）",
        ),
        (PlatformFailure("Secret 不对", code=40001, decision="account"), "错误码 40001（Secret 不对）"),
        (PlatformFailure("refused", code=None, decision="again"), "连不上平台"),
    ],
)
def test_a_company_that_is_refused(answer, words, company):
    code, said = company(answer)
    assert code == 1
    assert words in said
    assert "AppSecret" not in said


def test_a_company_where_nobody_may_have_contacts(company):
    code, said = company(ContactRights())
    assert code == 0
    assert "使用范围" in said


def test_plain_mode_is_a_warning(doctor):
    code, said = doctor(aes_key="")
    assert code == 0
    assert "[注意] 公众号 main：明文模式" in said


def test_a_clock_that_goes_wrong(doctor, platform):
    platform.ahead = 900
    code, said = doctor()
    assert code == 1
    assert "慢 900 秒" in said or "慢 899 秒" in said or "慢 901 秒" in said
    assert "timedatectl" in said


def test_a_configured_redis_that_is_away(doctor):
    code, said = doctor(more='[redis]\nurl = "redis://127.0.0.1:1/0"')
    assert code == 1
    assert "Redis 连不上" in said


def test_the_embedded_redis_may_rest(doctor):
    code, said = doctor()
    assert code == 0
    assert "自带的没有在运行" in said


def test_an_old_database(doctor, tmp_path):
    with database.opened(f"sqlite:///{tmp_path}/data/shuke.db") as store, store.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0000')"))
    code, said = doctor()
    assert code == 1
    assert "shuke db upgrade" in said


def test_a_configuration_that_does_not_stand(tmp_path, capsys):
    (tmp_path / "config.toml").write_text('[web]\nlistn = "x"')
    assert examine(tmp_path / "config.toml", {}, lambda *_: None) == 1
    assert "Did you mean web.listen?" in capsys.readouterr().out


def test_before_the_first_start_nothing_is_amiss(tmp_path, capsys):
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "sqlite:///{tmp_path}/new/shop.db"')
    assert examine(tmp_path / "config.toml", {}, lambda *_: None) == 0
    assert "[好] 数据库" in capsys.readouterr().out


def test_a_database_that_is_away(tmp_path, capsys):
    (tmp_path / "config.toml").write_text('[store]\nurl = "postgresql+psycopg://u:pa55word@127.0.0.1:1/x"')
    assert examine(tmp_path / "config.toml", {}, lambda *_: None) == 1
    said = capsys.readouterr().out
    assert "[问题] 数据库打不开" in said
    assert "pa55word" not in said


def test_a_shop_that_has_not_begun(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert examine(None, {}, lambda *_: None) == 0
    assert "还没有公众号" in capsys.readouterr().out


def test_the_key_of_erased_customers_that_is_missing_or_another_one(doctor, tmp_path):
    assert doctor()[0] == 0
    (tmp_path / "data" / "erasure.key").unlink()
    code, said = doctor()
    assert code == 1
    assert "[问题] 认不出要求删除过资料的顾客" in said
    assert "shuke db new-key" in said
