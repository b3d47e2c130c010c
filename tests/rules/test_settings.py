"""One wrong setting, one sentence that names it and the repair; nothing is opened before all of them are right."""

from datetime import time
from pathlib import Path

import pytest

from bot.cli.configuration import compose, example
from bot.errors import SettingsError
from bot.settings import Account, load

ACCOUNT = """
[[accounts]]
name = "main"
app_id = "wx1234567890abcdef"
secret = "s3cr3t-of-main"
token = "tokenOfMain"
"""
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
COMPANY = f"""
[[accounts]]
name = "corp"
platform = "wecom"
corp_id = "ww1234"
agent_id = 1000002
secret = "s3cr3t-of-corp"
contact_secret = "s3cr3t-of-contacts"
owners = ["lihua"]
token = "tokenOfCorp"
aes_key = "{KEY}"
receive_rule = "one_a_day"
"""


@pytest.fixture
def written(tmp_path):
    """Loads what a merchant wrote into ``config.toml``."""

    def write_and_load(text: str, **environ: str):
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        return load(None, environ, tmp_path)

    return write_and_load


@pytest.fixture
def refused(written):
    """The sentence with which a configuration is refused."""

    def refuse(text: str, **environ: str) -> str:
        with pytest.raises(SettingsError) as caught:
            written(text, **environ)
        return str(caught.value)

    return refuse


def test_without_a_file_the_defaults_hold(tmp_path):
    settings = load(None, {}, tmp_path)
    assert settings.store_url == f"sqlite:///{tmp_path}/data/shuke.db"
    assert (settings.listen_host, settings.listen_port, settings.listen_configured) == ("127.0.0.1", 8000, False)
    assert (settings.quiet_hours.start, settings.quiet_hours.end) == (time(21), time(9))
    assert settings.digest_at == time(9, 30)
    assert str(settings.timezone) == "Asia/Shanghai"
    assert (settings.accounts, settings.file) == ((), None)
    assert settings.state_folder == tmp_path / "data"


def test_the_example_means_what_no_file_means(written, tmp_path):
    by_example, by_default = written(example()), load(None, {}, tmp_path / "elsewhere")
    for name in ("shop_name", "listen_port", "redis_url", "quiet_hours", "marketing_per_day", "accounts", "digest_at"):
        assert getattr(by_example, name) == getattr(by_default, name)


def test_an_account_filled_in_after_the_example(written):
    filled = example().replace("# [[accounts]]", "[[accounts]]", 1)
    for name, value in {
        "name": "main",
        "app_id": "wx1",
        "secret": "s3cr3t",
        "token": "myOwnToken",
        "aes_key": KEY,
    }.items():
        line = next(line for line in filled.splitlines() if line.startswith(f"# {name} ="))
        filled = filled.replace(line, f'{name} = "{value}"')
    assert written(filled).accounts == (
        Account(name="main", app_id="wx1", secret="s3cr3t", token="myOwnToken", aes_key=KEY),
    )


def test_secrets_stay_out_of_what_is_printed(written):
    shown = repr(
        written(f'[staff]\ngroup_robot = "https://qyapi.example.com/?key=s3cr3t-of-robot"\n{ACCOUNT}{COMPANY}')
    )
    assert "s3cr3t-of" not in shown
    assert "tokenOf" not in shown


# Where it stands


def test_config_names_the_file_and_its_folder_counts(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "my.toml").write_text('[store]\nurl = "sqlite:///here/my.db"', encoding="utf-8")
    settings = load(Path("shop/my.toml"), {"SHUKE_CONFIG": "missing.toml"}, tmp_path)
    assert settings.store_url == f"sqlite:///{tmp_path}/shop/here/my.db"
    assert settings.folder == tmp_path / "shop"


def test_the_environment_names_it_next(tmp_path):
    (tmp_path / "config.toml").write_text('[shop]\nname = "甲"', encoding="utf-8")
    (tmp_path / "other.toml").write_text('[shop]\nname = "乙"', encoding="utf-8")
    assert load(None, {"SHUKE_CONFIG": "other.toml"}, tmp_path).shop_name == "乙"
    assert load(None, {"SHUKE_CONFIG": ""}, tmp_path).shop_name == "甲"


@pytest.mark.parametrize(("path", "environ"), [(Path("gone.toml"), {}), (None, {"SHUKE_CONFIG": "gone.toml"})])
def test_a_named_file_must_exist(path, environ, tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml: no such file"):
        load(path, environ, tmp_path)


def test_a_byte_order_mark_is_forgiven(written):
    assert written('\ufeff[shop]\nname = "小雨服饰"').shop_name == "小雨服饰"


# What is refused, and in which words


def test_an_unknown_setting_gets_the_nearest_name(refused):
    assert refused('[web]\nlistn = "127.0.0.1:80"') == (
        "config.toml: unknown setting web.listn. Did you mean web.listen?"
    )


def test_a_setting_in_the_wrong_section_is_shown_its_own(refused):
    assert refused('[shop]\nquiet_hours = ""') == (
        "config.toml: unknown setting shop.quiet_hours. Did you mean limits.quiet_hours?"
    )


def test_an_unknown_account_setting_names_the_account(refused):
    assert refused(ACCOUNT + 'app_idd = "wx1"') == (
        'config.toml: unknown setting accounts.app_idd (account "main"). Did you mean accounts.app_id?'
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[shopp]\nname = "x"', "unknown section [shopp]. Did you mean [shop]?"),
        ("[zzz]", "unknown section [zzz]. Known: shop, web"),
        ("[web]\nqqqqqq = 1", "unknown setting web.qqqqqq. Known: web.listen, web.public_url."),
        ('listen = "127.0.0.1:80"', "listen stands outside any section. Did you mean web.listen?"),
        ("web = 3", "web is a section. Write [web]"),
        ('[accounts]\nname = "main"', "Write [[accounts]] with two brackets"),
        ("accounts = [1]", "Write [[accounts]]"),
        ("[shop]\nname = “小雨”", "is not TOML"),
        (
            '[limits]\nmarketing_per_day = "1"',
            'must be a whole number without quotes, like marketing_per_day = 1; it is "1"',
        ),
        ("[limits]\nmarketing_per_day = true", "limits.marketing_per_day must be a whole number"),
        ("[limits]\nmarketing_per_day = 1.5", "limits.marketing_per_day must be a whole number"),
        ("[shop]\nname = 3", 'shop.name must be a text between quotes, like name = "本店"; it is 3'),
        ('[shop]\nname = " "', "shop.name: must not be empty"),
        ('[shop]\ntimezone = "Beijing"', 'shop.timezone: "Beijing" is no time zone. Write a name like "Asia/Shanghai"'),
        ('[shop]\ntimezone = "../etc/passwd"', "is no time zone"),
        ('[web]\nlisten = "8000"', "web.listen"),
        ('[web]\nlisten = "127.0.0.1:65536"', "web.listen"),
        ('[web]\nlisten = "127.0.0.1:0"', "web.listen"),
        ('[web]\npublic_url = "bot.example.com"', "web.public_url"),
        ('[store]\nurl = "mysql://localhost/x"', "store.url: must begin with sqlite:/// or postgresql+psycopg://"),
        ('[store]\nurl = "sqlite://"', "store.url"),
        ('[store]\nurl = "sqlite:///:memory:"', "store.url: needs a file"),
        ('[store]\nurl = "sqlite:///a.db?synchronous=NORMAL"', "store.url: takes no options"),
        ('[redis]\nurl = "localhost:6379"', "redis.url: must begin with redis://"),
        ('[redis]\nurl = "redis://10.0.0.5:6379/0"', "redis.url: names a Redis on another machine without a password"),
        ('[redis]\nurl = "rediss://cache.example.com"', "without a password"),
        ('[limits]\nquiet_hours = "21-9"', 'limits.quiet_hours: "21-9" are no hours. Write them like "21:00-09:00"'),
        ('[limits]\nquiet_hours = "21:00-24:00"', "are no hours"),
        ('[limits]\nquiet_hours = "21:00"', "are no hours"),
        ('[limits]\nquiet_hours = "09:00-09:00"', "begins and ends at once"),
        ("[limits]\nmarketing_per_day = -1", "must lie between 0 and 100, it is -1"),
        ("[delivery]\nlease_seconds = 0", "delivery.lease_seconds: must lie between 1 and 600"),
        ('[staff]\ndigest_at = "9.30"', 'staff.digest_at: "9.30" is no time of day. Write it like "09:30"'),
        ('[staff]\ngroup_robot = "abc"', "staff.group_robot"),
    ],
)
def test_a_wrong_setting(text, words, refused):
    sentence = refused(text)
    assert sentence.startswith("config.toml: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('platform = "weibo"', '"weibo" is unknown. Write "wecom"'),
        (
            'platform = "wecom"',
            'app_id (account "main") belongs to platform = "official_account"; this account is "wecom"',
        ),
        (
            'corp_id = "ww1"',
            'belongs to platform = "wecom"; this account is "official_account". Did you mean accounts.app_id?',
        ),
        ('owners = ["lihua"]', "Remove it."),
        ('kind = "servis"', '"servis" is unknown. Write "service"'),
        ('aes_key = "too-short"', "accounts.aes_key"),
        (f'aes_key = "{KEY[:-1]}="', "must be the 43 letters and digits"),
        ('secret_file = "main.secret"', "are both set. Keep one of them"),
        ('api_base_url = "api.weixin.qq.com"', "accounts.api_base_url"),
        ("staff_notice_template = 5", "must be a text between quotes"),
    ],
)
def test_a_wrong_account_setting(line, words, refused):
    assert words in refused(ACCOUNT + line)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tokenOfMain", "short77", "must have at least 8 characters"),
        ("tokenOfMain", "choose-your-own-token", "is still the example's"),
        ("s3cr3t-of-main", "put-your-appsecret-here", "is still the example's"),
        ("wx1234567890abcdef", "wx0000000000000000", "is still the example's"),
        ('app_id = "wx1234567890abcdef"', "", 'accounts.app_id (account "main") is missing'),
        ('token = "tokenOfMain"', "", 'accounts.token (account "main") is missing'),
        ('name = "main"', "", "accounts.name (account 1) is missing"),
        ('name = "main"', 'name = "小雨"', "is no account name"),
        ('name = "main"', 'name = "a/b"', "is no account name"),
        ('secret = "s3cr3t-of-main"', "", "Set secret, secret_file or the variable SHUKE_MAIN_SECRET"),
        ('secret = "s3cr3t-of-main"', 'secret_file = "gone"', "cannot be read"),
    ],
)
def test_an_account_that_cannot_stand(old, new, words, refused):
    assert words in refused(ACCOUNT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('corp_id = "ww1234"', 'app_id = "wx1"', "Did you mean accounts.corp_id?"),
        ('corp_id = "ww1234"', 'corp_idd = "ww1234"', "unknown setting accounts.corp_idd"),
        ('corp_id = "ww1234"', "", 'accounts.corp_id (account "corp") is missing'),
        ("agent_id = 1000002", "", "accounts.agent_id"),
        (
            "agent_id = 1000002",
            'agent_id = "1000002"',
            "must be a whole number without quotes, like agent_id = 1000002",
        ),
        ("agent_id = 1000002", "agent_id = 0", "must lie between 1 and"),
        (f'aes_key = "{KEY}"', "", "(README, 接入企业微信)"),
        (f'aes_key = "{KEY}"', 'aes_key = ""', "WeCom has no plain mode"),
        ('["lihua"]', '"lihua"', 'must be a list of texts in brackets, like owners = ["…"]; it is "lihua"'),
        ('["lihua"]', "[1]", "must be a list of texts"),
        ('["lihua"]', '["李华"]', '"李华" is no member id'),
        ("one_a_day", "day", 'receive_rule (account "corp"): "day" is unknown. Write "one_a_day"'),
        ('secret = "s3cr3t-of-corp"', "", "Set secret, secret_file or the variable SHUKE_CORP_SECRET"),
    ],
)
def test_a_company_that_cannot_stand(old, new, words, refused):
    assert words in refused(COMPANY.replace(old, new))


def test_a_wrong_secret_is_not_repeated(refused):
    assert "12345678" not in refused(ACCOUNT.replace('"tokenOfMain"', "12345678"))


def test_two_accounts_of_one_name(refused):
    again = ACCOUNT.replace('"main"', '"Main"')
    assert refused(ACCOUNT + again) == (
        'config.toml: accounts.name: "Main" is there twice. Give each account a name of its own'
    )


# Where a secret may stand


def test_a_secret_from_a_file_beside_the_configuration(written, tmp_path):
    (tmp_path / "main.secret").write_text("from-the-file\n", encoding="utf-8")
    settings = written(ACCOUNT.replace('secret = "s3cr3t-of-main"', 'secret_file = "main.secret"'))
    assert settings.account("main").secret == "from-the-file"


def test_an_empty_secret_file(refused, tmp_path):
    (tmp_path / "main.secret").write_text("\n", encoding="utf-8")
    assert "is empty" in refused(ACCOUNT.replace('secret = "s3cr3t-of-main"', 'secret_file = "main.secret"'))


def test_a_secret_from_the_environment_wins(written):
    second = ACCOUNT.replace('"main"', '"second-shop"')
    settings = written(ACCOUNT + second, SHUKE_SECOND_SHOP_SECRET="from-outside")
    assert settings.account("second-shop").secret == "from-outside"
    assert settings.account("main").secret == "s3cr3t-of-main"


# What is allowed


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost/0",
        "redis://127.0.0.1:6380",
        "unix:///run/redis.sock",
        "redis://:word@10.0.0.5:6379/0",
        "rediss://shop:word@cache.example.com/1",
    ],
)
def test_a_redis_nobody_else_can_reach_or_with_a_password(url, written):
    assert written(f'[redis]\nurl = "{url}"').redis_url == url


def test_postgresql_keeps_the_files_in_data(written, tmp_path):
    settings = written('[store]\nurl = "postgresql+psycopg://shuke@db/shuke"')
    assert settings.store_url == "postgresql+psycopg://shuke@db/shuke"
    assert settings.state_folder == tmp_path / "data"


def test_addresses_are_whole(written):
    settings = written('[web]\nlisten = "0.0.0.0:9000"\npublic_url = "https://bot.example.com/"')
    assert settings.local_url == "http://127.0.0.1:9000"
    assert settings.public_url == "https://bot.example.com"
    assert written('[web]\nlisten = "[::1]:9000"').local_url == "http://[::1]:9000"


def test_no_quiet_hours(written):
    assert written('[limits]\nquiet_hours = ""').quiet_hours is None


def test_what_is_composed_reads_back(written):
    given = {"shop.name": '小"雨"\\服饰\n', "limits.marketing_per_day": 3, "web.listen": "127.0.0.1:8123"}
    account = Account(name="demo", app_id="wx1", secret='s"s', token="tokenOfDemo", aes_key=KEY)
    settings = written(compose(given, [account]))
    assert settings.shop_name == '小"雨"\\服饰'
    assert settings.marketing_per_day == 3
    assert settings.accounts == (account,)
    assert settings.given == given


def test_two_platforms_beside_each_other(written):
    accounts = written(ACCOUNT + COMPANY).accounts
    company = accounts[1]
    assert [account.platform for account in accounts] == ["official_account", "wecom"]
    assert (company.corp_id, company.agent_id, company.owners) == ("ww1234", 1000002, ("lihua",))
    assert company.api_base_url == "https://qyapi.weixin.qq.com"
    assert written(compose({}, accounts)).accounts == accounts
