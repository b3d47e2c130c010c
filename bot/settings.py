"""Every setting of the shop: one table that feeds validation here, and the example file and the docs elsewhere."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.errors import SettingsError

DEFAULT_FILE = "config.toml"
TOKEN_AT_LEAST = 8
AES_KEY_LENGTH = 43
ERASURE_KEY = "SHUKE_ERASURE_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Account:
    """One presence of the merchant on a platform; ``name`` stands in its callback address.

    ``kind``, ``app_id`` and the templates belong to an Official Account; ``corp_id``, ``agent_id`` and what follows them
    to a WeCom app. ``contact_secret``: of the app that may call customer contact, empty where this one may. ``owners``:
    member ids with the owner's rights. ``receive_rule``: how many group-sends a customer may get, as the company's
    administrator has set it: ``month_days`` a month, ``seven_a_week`` or ``one_a_day``.
    """

    name: str
    platform: str = "official_account"
    kind: str = "service"
    app_id: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    api_base_url: str = "https://api.weixin.qq.com"
    staff_notice_template: str = ""
    service_notice_template: str = ""
    corp_id: str = ""
    agent_id: int = 0
    contact_secret: str = field(default="", repr=False)
    owners: tuple[str, ...] = ()
    receive_rule: str = "month_days"


@dataclass(frozen=True)
class QuietHours:
    """Hours of the shop's day without marketing; may span midnight."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True)
class Settings:
    """The validated configuration. Paths are absolute, ``folder`` is where relative ones count from.

    ``erasure_key`` is the key of `ERASURE_KEY`, empty where it lies in the state folder. ``file`` is the configuration
    file, None where the defaults hold; ``given`` the simple settings as that file has
    them (``{"web.listen": "127.0.0.1:8000"}``), so that a rehearsal can keep them.
    """

    folder: Path
    shop_name: str
    timezone: ZoneInfo
    listen_host: str
    listen_port: int
    listen_configured: bool
    public_url: str
    store_url: str
    redis_url: str
    quiet_hours: QuietHours | None
    marketing_per_day: int
    marketing_per_month: int
    staff_broadcast_max: int
    lease_seconds: int
    per_second: int
    group_robot: str = field(repr=False)
    digest_at: time
    accounts: tuple[Account, ...]
    erasure_key: str = field(default="", repr=False)
    file: Path | None = None
    given: Mapping[str, str | int] = field(default_factory=dict, repr=False)

    def account(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)

    @property
    def state_folder(self) -> Path:
        """Where spool, embedded Redis and rehearsal keep their files: beside the SQLite file, else in ``data/``."""
        if self.store_url.startswith("sqlite:///"):
            return Path(self.store_url.removeprefix("sqlite:///")).parent
        return self.folder / "data"

    @property
    def listen(self) -> str:
        """Where the web part listens, as it is written: ``127.0.0.1:8000`` or ``[::1]:8000``."""
        return _netloc(self.listen_host, self.listen_port)

    @property
    def local_url(self) -> str:
        """The web part's address as this machine reaches it, e.g. ``http://127.0.0.1:8000``."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
        return f"http://{_netloc(everywhere.get(self.listen_host, self.listen_host), self.listen_port)}"

    def listening_on(self, listen: str) -> Settings:
        """The same settings with another address for the web part; raises SettingsError."""
        try:
            host, port = _listen(listen)
        except _Wrong as error:
            raise SettingsError(f"--listen: {error}") from error
        return replace(self, listen_host=host, listen_port=port, listen_configured=True)


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Wrong(Exception):
    """A value that cannot stand; the text continues "<setting> …"."""


def _text(value: str) -> str:
    return value


def _words(value: str) -> str:
    if not value.strip():
        raise _Wrong("must not be empty")
    return value.strip()


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise _Wrong(f'"{value}" is no time zone. Write a name like "Asia/Shanghai"') from error


def _listen(value: str) -> tuple[str, int]:
    parts = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})", value)
    if parts is None or not 1 <= int(parts[2]) <= 65535:
        raise _Wrong(f'"{value}" is no address. Write host and port (1 to 65535), like "127.0.0.1:8000"')
    return parts[1].strip("[]"), int(parts[2])


def _address(value: str) -> str:
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise _Wrong(f'"{value}" is no web address. Write it in full, like "https://bot.example.com"')
    return value.rstrip("/")


def _store(value: str) -> str:
    if value.startswith("sqlite:///"):
        path = value.removeprefix("sqlite:///")
        if not path or path == ":memory:":
            raise _Wrong('needs a file, several processes share it. Write "sqlite:///data/shuke.db"')
        if "?" in path:
            # Options such as a laxer synchronous mode would break the promise that an answered callback is kept.
            raise _Wrong("takes no options after a question mark. Remove them")
        return value
    if value.startswith(("postgresql://", "postgresql+psycopg://")):
        return value
    raise _Wrong('must begin with sqlite:/// or postgresql+psycopg://. Write "sqlite:///data/shuke.db"')


def _redis(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise _Wrong('must begin with redis://, rediss:// or unix://. Write "redis://127.0.0.1:6379/0", or "" to embed')
    near = parts.scheme == "unix" or parts.hostname in LOOPBACK or (parts.hostname or "").startswith("127.")
    if not near and not parts.password:
        # Who may write to Redis rings the workers; open to other machines it needs a lock on the door.
        raise _Wrong(
            "names a Redis on another machine without a password. Set one there (requirepass) and write "
            f'"{parts.scheme}://:PASSWORD@{parts.netloc}{parts.path}"'
        )
    return value


def _hour(value: str) -> time:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise _Wrong(f'"{value}" is no time of day. Write it like "09:30"')
    return time.fromisoformat(value)


def _quiet(value: str) -> QuietHours | None:
    if not value:
        return None
    start, dash, end = value.partition("-")
    try:
        hours = QuietHours(_hour(start), _hour(end))
    except _Wrong as error:
        raise _Wrong(f'"{value}" are no hours. Write them like "21:00-09:00", or "" for none') from error
    if not dash or hours.start == hours.end:
        raise _Wrong(f'"{value}" begins and ends at once. Write it like "21:00-09:00", or "" for none')
    return hours


def _between(low: int, high: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise _Wrong(f"must lie between {low} and {high}, it is {value}")
        return value

    return check


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,31}", value):
        raise _Wrong(
            f'"{value}" is no account name. Use up to 32 letters, digits, - and _, beginning with a letter, like "main"'
        )
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            near = difflib.get_close_matches(value, choices, n=1, cutoff=0.4)
            raise _Wrong(f'"{value}" is unknown. Write "{near[0] if near else choices[0]}"')
        return value

    return check


def _token(value: str) -> str:
    if len(value) < TOKEN_AT_LEAST:
        raise _Wrong(f"must have at least {TOKEN_AT_LEAST} characters. Choose a new one, here and at the platform")
    return value


def _aes_key(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9]{43}", value):
        raise _Wrong("must be the 43 letters and digits the platform shows as EncodingAESKey, or empty for plain mode")
    return value


def _corp_aes_key(value: str) -> str:
    if not value:
        raise _Wrong("must not be empty: WeCom has no plain mode. Copy the 43 characters of EncodingAESKey")
    return _aes_key(value)


def _members(value: list[str]) -> tuple[str, ...]:
    for member in value:
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}", member):
            raise _Wrong(f'"{member}" is no member id. Write the 账号 of the address book, like ["lihua"]')
    return tuple(value)


@dataclass(frozen=True)
class Setting:
    """One line of the table: where it stands, its default (whose type is the setting's type), what it is for.

    ``read`` turns the written value into the one used. ``example`` is what the example file shows where the default
    would show nothing.
    """

    section: str
    name: str
    default: str | int | tuple[str, ...]
    help: str
    read: Callable[[Any], Any] = _text
    example: str | int | tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"


TABLE = (
    Setting("shop", "name", "本店", "the shop's name, as customers read it", _words),
    Setting("shop", "timezone", "Asia/Shanghai", "the zone of every hour that people read or type", _zone),
    Setting("web", "listen", "127.0.0.1:8000", "where the web part answers", _listen),
    Setting("web", "public_url", "", "how the platform reaches it, e.g. https://bot.example.com", _address),
    Setting(
        "store",
        "url",
        "sqlite:///data/shuke.db",
        "the database: this, or postgresql+psycopg://user:password@host/name",
        _store,
    ),
    Setting(
        "redis",
        "url",
        "",
        "the bell for workers; empty: `shuke run` brings its own; else redis://:password@host:6379/0",
        _redis,
    ),
    Setting("limits", "quiet_hours", "21:00-09:00", 'marketing waits in these hours; "" switches it off', _quiet),
    Setting("limits", "marketing_per_day", 1, "marketing messages a customer gets a day at most", _between(0, 100)),
    Setting("limits", "marketing_per_month", 4, "and a month", _between(0, 1000)),
    Setting(
        "limits", "staff_broadcast_max", 200, "recipients a staff member may confirm, the owner any", _between(0, 10**7)
    ),
    Setting(
        "delivery",
        "lease_seconds",
        30,
        "a dead worker's messages wait this long; below 10: tests only",
        _between(1, 600),
    ),
    Setting(
        "delivery",
        "per_second",
        0,
        "messages an account sends a second, all workers together; 0: as fast as the platform answers",
        _between(0, 100_000),
    ),
    Setting("staff", "group_robot", "", "a WeCom group robot's address, one more way to tell staff", _address),
    Setting("staff", "digest_at", "09:30", "when staff get the day's collected news", _hour),
)

_PLATFORM = Setting(
    "accounts",
    "platform",
    "official_account",
    "official_account (公众号) or wecom (企业微信)",
    _one_of("official_account", "wecom"),
)
_TOKEN = Setting(
    "accounts", "token", "", "令牌 (Token), as at the platform, 8 characters or more", _token, "choose-your-own-token"
)
_SECRET_FILE = Setting(
    "accounts", "secret_file", "", "a file that holds it, or the variable SHUKE_<NAME>_SECRET", _text, "main.secret"
)
OFFICIAL_ACCOUNT_TABLE = (
    Setting("accounts", "name", "", "short name; the callback is /callback/<name>", _name, "main"),
    _PLATFORM,
    Setting(
        "accounts", "kind", "service", "service (服务号) or subscription (订阅号)", _one_of("service", "subscription")
    ),
    Setting("accounts", "app_id", "", "AppID (开发者ID)", _words, "wx0000000000000000"),
    Setting("accounts", "secret", "", "AppSecret, or instead of this line:", _text, "put-your-appsecret-here"),
    _SECRET_FILE,
    _TOKEN,
    Setting("accounts", "aes_key", "", "消息加解密密钥 (EncodingAESKey), 43 characters; empty: plain mode", _aes_key),
    Setting("accounts", "api_base_url", "https://api.weixin.qq.com", "the platform, a proxy, or the sandbox", _address),
    Setting(
        "accounts", "staff_notice_template", "", "template id for notices to staff who have not written for 48 hours"
    ),
    Setting(
        "accounts",
        "service_notice_template",
        "",
        "template id of the subscribe notice (订阅通知) by which service messages reach customers who said yes to it",
    ),
)
WECOM_TABLE = (
    Setting("accounts", "name", "", "short name; the callback is /callback/<name>", _name, "corp"),
    replace(_PLATFORM, default="wecom"),
    Setting("accounts", "corp_id", "", "企业ID (CorpID), under 我的企业", _words, "ww0000000000000000"),
    Setting("accounts", "agent_id", 0, "AgentId of the self-built app (自建应用)", _between(1, 2**31), 1000002),
    Setting("accounts", "secret", "", "the app's Secret, or instead of this line:", _text, "put-your-secret-here"),
    replace(_SECRET_FILE, example="corp.secret"),
    Setting(
        "accounts",
        "contact_secret",
        "",
        "Secret of another app that may call customer contact (客户联系); empty: this one may",
    ),
    Setting(
        "accounts",
        "owners",
        (),
        "member ids (账号) with the owner's rights; others who see the app are staff",
        _members,
    ),
    replace(_TOKEN, help="Token of 接收消息, as at the platform, 8 characters or more", example="choose-another-token"),
    Setting(
        "accounts", "aes_key", "", "EncodingAESKey of 接收消息, 43 characters", _corp_aes_key, "0" * AES_KEY_LENGTH
    ),
    Setting(
        "accounts", "api_base_url", "https://qyapi.weixin.qq.com", "the platform, a proxy, or the sandbox", _address
    ),
    Setting(
        "accounts",
        "receive_rule",
        "month_days",
        "group-sends (群发) a customer may get, as set in 群发助手: month_days, seven_a_week or one_a_day",
        _one_of("month_days", "seven_a_week", "one_a_day"),
    ),
)
ACCOUNT_TABLES = {"official_account": OFFICIAL_ACCOUNT_TABLE, "wecom": WECOM_TABLE}
REQUIRED = {
    "official_account": ("name", "app_id", "token"),
    "wecom": ("name", "platform", "corp_id", "agent_id", "token", "aes_key"),
}
SECRET = ("secret", "contact_secret", "token", "aes_key")
# What the same thing is called where the platform is another.
_COUNTERPARTS = {"app_id": "corp_id", "corp_id": "app_id", "agent_id": "app_id", "contact_secret": "secret"}
SECTIONS = tuple(dict.fromkeys(setting.section for setting in TABLE))


def platform_url(platform: str) -> str:
    """The address of the real platform."""
    return next(str(setting.default) for setting in ACCOUNT_TABLES[platform] if setting.name == "api_base_url")


def find(path: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """Which file holds: ``--config``, else ``SHUKE_CONFIG``, else ``config.toml`` of ``folder``, else none.

    Raises SettingsError where a named file is missing.
    """
    named = path or (Path(environ["SHUKE_CONFIG"]) if environ.get("SHUKE_CONFIG") else None)
    if named is None:
        return Path(DEFAULT_FILE) if (folder / DEFAULT_FILE).is_file() else None
    if not (folder / named).is_file():
        source = "--config" if path else "the environment variable SHUKE_CONFIG"
        raise SettingsError(
            f"{named}: no such file, named by {source}. Copy config.example.toml there or correct the path."
        )
    return named


def load(path: Path | None, environ: Mapping[str, str], folder: Path | None = None) -> Settings:
    """Reads and validates the configuration; ``path`` is what ``--config`` named, ``folder`` the current one.

    Raises SettingsError naming the file, the setting and the repair. Nothing is created or connected to.
    """
    folder = (folder or Path.cwd()).resolve()
    file = find(path, environ, folder)
    if file is None:
        return _build({}, environ, folder, None)
    try:
        # Windows editors put a byte-order mark in front, which TOML does not know.
        written = tomllib.loads((folder / file).read_text(encoding="utf-8-sig"))
        return _build(written, environ, (folder / file).resolve().parent, (folder / file).resolve())
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: is not UTF-8. Save it again with the encoding UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f'{file}: is not TOML: {error}. Texts stand between straight quotes: name = "…"') from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}.") from error
    except _Wrong as error:
        raise SettingsError(f"{file}: {error}") from error


def _build(written: Mapping[str, Any], environ: Mapping[str, str], folder: Path, file: Path | None) -> Settings:
    _refuse_unknown_sections(written)
    given: dict[str, str | int] = {}
    values: dict[str, Any] = {setting.key: setting.read(setting.default) for setting in TABLE}
    for section in SECTIONS:
        table = written.get(section, {})
        if not isinstance(table, dict):
            raise _Wrong(f"{section} is a section. Write [{section}] on a line of its own, its settings below")
        for name, value in table.items():
            setting = _setting(TABLE, section, name)
            values[setting.key] = _read(setting, value, setting.key)
            given[setting.key] = value
    host, port = values["web.listen"]
    return Settings(
        folder=folder,
        shop_name=values["shop.name"],
        timezone=values["shop.timezone"],
        listen_host=host,
        listen_port=port,
        listen_configured="web.listen" in given,
        public_url=values["web.public_url"],
        store_url=_absolute_store(values["store.url"], folder),
        redis_url=values["redis.url"],
        quiet_hours=values["limits.quiet_hours"],
        marketing_per_day=values["limits.marketing_per_day"],
        marketing_per_month=values["limits.marketing_per_month"],
        staff_broadcast_max=values["limits.staff_broadcast_max"],
        lease_seconds=values["delivery.lease_seconds"],
        per_second=values["delivery.per_second"],
        group_robot=values["staff.group_robot"],
        digest_at=values["staff.digest_at"],
        accounts=_accounts(written.get("accounts", []), environ, folder),
        erasure_key=_erasure_key(environ.get(ERASURE_KEY, "").strip()),
        file=file,
        given=given,
    )


def _erasure_key(value: str) -> str:
    if value and not re.fullmatch(r"[0-9a-f]{64}", value):
        raise _Wrong(f"the environment variable {ERASURE_KEY} must be the 64 digits (0-9, a-f) of a file erasure.key")
    return value


def _absolute_store(url: str, folder: Path) -> str:
    if not url.startswith("sqlite:///"):
        return url
    return f"sqlite:///{(folder / url.removeprefix('sqlite:///')).resolve()}"


def _refuse_unknown_sections(written: Mapping[str, Any]) -> None:
    known = (*SECTIONS, "accounts")
    for name, value in written.items():
        if name in known:
            continue
        if not isinstance(value, dict | list):
            guess = _nearest(name, (setting.key for setting in TABLE))
            raise _Wrong(f"{name} stands outside any section.{guess}")
        near = difflib.get_close_matches(name, known, n=1)
        guess = f" Did you mean [{near[0]}]?" if near else f" Known: {', '.join(known)}."
        raise _Wrong(f"unknown section [{name}].{guess}")


def _nearest(name: str, keys: Iterable[str]) -> str:
    """A guess at what was meant: the nearest name first, whichever section it stands in, else the list."""
    keys = list(keys)
    last = name.rpartition(".")[2]
    same = [key for key in keys if key.rpartition(".")[2] == last]
    near = same or difflib.get_close_matches(name, keys, n=1)
    if not near:
        words = difflib.get_close_matches(last, [key.rpartition(".")[2] for key in keys], n=1)
        near = [key for key in keys if words and key.rpartition(".")[2] == words[0]]
    if near:
        return f" Did you mean {near[0]}?"
    section = name.partition(".")[0]
    known = [key for key in keys if key.startswith(f"{section}.")] or keys
    return f" Known: {', '.join(known)}."


def _setting(table: tuple[Setting, ...], section: str, name: str, where: str = "") -> Setting:
    for setting in table:
        if setting.name == name and setting.section == section:
            return setting
    key = f"{section}.{name}"
    candidates = [setting.key for setting in (table if section == "accounts" else TABLE)]
    raise _Wrong(f"unknown setting {key}{where}.{_nearest(key, candidates)}")


def _read(setting: Setting, value: object, key: str) -> Any:
    kind = type(setting.default)
    if type(value) is not (list if kind is tuple else kind) or (kind is tuple and not _are_texts(value)):
        wanted, anything = _WANTED[kind]
        shown = as_toml(setting.default or setting.example or anything)
        written = "" if setting.name in SECRET else f"; it is {as_toml(value)}"
        raise _Wrong(f"{key} must be {wanted}, like {setting.name} = {shown}{written}")
    try:
        return setting.read(value)
    except _Wrong as error:
        raise _Wrong(f"{key}: {error}") from error


_WANTED: dict[type, tuple[str, str | int | tuple[str, ...]]] = {
    str: ("a text between quotes", "…"),
    int: ("a whole number without quotes", 0),
    tuple: ("a list of texts in brackets", ("…",)),
}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _accounts(written: object, environ: Mapping[str, str], folder: Path) -> tuple[Account, ...]:
    if not isinstance(written, list):
        raise _Wrong("accounts is a list. Write [[accounts]] with two brackets above each account")
    accounts: list[Account] = []
    for number, table in enumerate(written, start=1):
        if not isinstance(table, dict):
            raise _Wrong("accounts is a list of tables. Write [[accounts]] above each account")
        account = _account(table, number, environ, folder)
        if any(_variable(other.name) == _variable(account.name) for other in accounts):
            raise _Wrong(f'accounts.name: "{account.name}" is there twice. Give each account a name of its own')
        accounts.append(account)
    return tuple(accounts)


def _account(table: Mapping[str, Any], number: int, environ: Mapping[str, str], folder: Path) -> Account:
    label = table.get("name")
    where = f' (account "{label}")' if isinstance(label, str) and label else f" (account {number})"
    # Asked first: which settings there are depends on it.
    platform = _read(_PLATFORM, table.get("platform", _PLATFORM.default), f"accounts.platform{where}")
    own = ACCOUNT_TABLES[platform]
    values: dict[str, Any] = {setting.name: setting.default for setting in own}
    for name, value in table.items():
        _refuse_another_platforms(name, platform, where)
        setting = _setting(own, "accounts", name, where)
        values[name] = _read(setting, value, f"{setting.key}{where}")
        if setting.default == "" and value == setting.example and name not in ("name", "secret_file"):
            raise _Wrong(f"{setting.key}{where} is still the example's. Put your own value there")
    for name in REQUIRED[platform]:
        if not values[name]:
            chapter = "接入企业微信" if platform == "wecom" else "接入公众号"
            raise _Wrong(f"accounts.{name}{where} is missing. The platform's console shows it (README, {chapter})")
    values["secret"] = _secret(values, where, environ, folder)
    del values["secret_file"]
    return Account(**values)


def _refuse_another_platforms(name: str, platform: str, where: str) -> None:
    """A setting of the other platform is no typing error: says whose it is, and what stands here in its place."""
    homes = [key for key, table in ACCOUNT_TABLES.items() if name in (setting.name for setting in table)]
    if not homes or platform in homes:
        return
    counterpart = _COUNTERPARTS.get(name)
    guess = f"Did you mean accounts.{counterpart}?" if counterpart else "Remove it."
    raise _Wrong(f'accounts.{name}{where} belongs to platform = "{homes[0]}"; this account is "{platform}". {guess}')


def _variable(name: str) -> str:
    return f"SHUKE_{name.upper().replace('-', '_')}_SECRET"


def _secret(values: Mapping[str, str], where: str, environ: Mapping[str, str], folder: Path) -> str:
    """The account's secret: from the environment, else the file, else the setting itself."""
    variable = _variable(values["name"])
    if environ.get(variable):
        return environ[variable].strip()
    if values["secret"] and values["secret_file"]:
        raise _Wrong(f"accounts.secret and accounts.secret_file{where} are both set. Keep one of them")
    if not values["secret_file"]:
        if not values["secret"]:
            raise _Wrong(f"accounts.secret{where} is missing. Set secret, secret_file or the variable {variable}")
        return values["secret"]
    file = folder / values["secret_file"]
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _Wrong(f"accounts.secret_file{where}: {file} cannot be read. Correct the path or its rights") from error
    if not secret:
        raise _Wrong(f"accounts.secret_file{where}: {file} is empty. Write the secret into it")
    return secret


def as_toml(value: object) -> str:
    """The value as a TOML file writes it."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(one) for one in value)}]"
    return str(value)
