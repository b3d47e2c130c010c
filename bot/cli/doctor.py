"""``shuke doctor``: looks at configuration, database, Redis, clock and platform access, and says what to do."""

from __future__ import annotations

import ipaddress
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from redis import Redis, RedisError, ResponseError
from sqlalchemy import text

from bot.cli import database, embedded
from bot.cli.commands import ContactRights
from bot.cli.demo import current
from bot.clock import Clock, SystemClock
from bot.errors import PlatformFailure, SettingsError, ShukeError
from bot.platforms.abilities import abilities
from bot.settings import Account, Settings, load, platform_url
from bot.store.bell import connect_redis
from bot.store.engine import Store

# A signed callback outside −600 s/+300 s is refused, so half of the smaller side is the time to speak up.
CLOCK_MAY_DIFFER = 150
TIMEOUT = 5.0
WHERE = "微信公众平台 → 设置与开发 → 开发接口管理（或微信开发者平台）→ 基本配置"

# Platform contract: global return codes of /cgi-bin/stable_token.
ADVICE = {
    40164: f"本机的出口 IP 不在白名单里。到 {WHERE} → IP白名单，加上这台机器的出口 IP，几分钟后生效",
    40001: f"AppSecret 不对。到 {WHERE} 重置 AppSecret，把新的写进配置",
    40125: f"AppSecret 不对。到 {WHERE} 重置 AppSecret，把新的写进配置",
    40013: f"AppID 不对。到 {WHERE} 核对 app_id",
    40243: f"AppSecret 被冻结了。到 {WHERE} 解冻或重置",
    50004: "公众号的接口权限被平台停用。登录公众平台看站内通知",
    50007: "公众号被平台冻结。登录公众平台看站内通知",
    89501: "平台在等公众号管理员确认这台机器。请管理员在微信里点确认，再运行一次",
    89503: "平台在等公众号管理员确认这台机器。请管理员在微信里点确认，再运行一次",
    89506: "管理员一小时内拒绝过这台机器。等一小时再试，并请管理员点确认",
    89507: "管理员拒绝了这台机器。请管理员在公众平台处理后再试",
}

NO_RIGHT = 48002
CONSOLE = "企业微信管理后台"

Reach = Callable[[Settings, Clock, Account], ContactRights | None]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``mark`` is 好, 注意 or 问题; ``todo`` says what to do about it."""

    mark: str
    words: str
    todo: str = ""

    def __str__(self) -> str:
        return f"[{self.mark}] {self.words}" + (f"\n       → {self.todo}" if self.todo else "")


def examine(path: Path | None, environ: Mapping[str, str], reach: Reach) -> int:
    """Prints what was found; 1 where something is wrong, else 0.

    ``reach`` fetches a token or raises PlatformFailure, and says what there is to say of contacts.
    """
    try:
        written = load(path, environ)
        settings, clock = current(written, environ)
    except SettingsError as error:
        print(Finding("问题", "配置读不懂", str(error)))
        return 1
    troubled = False
    for finding in (_configuration(written), *_look(settings, clock, reach)):
        print(finding)
        troubled = troubled or finding.mark == "问题"
    print("有问题，请按 → 后面的办法处理。" if troubled else "一切就绪。")
    return int(troubled)


def _look(settings: Settings, clock: Clock, reach: Reach) -> Iterator[Finding]:
    ready = yield from _database(settings)
    yield _redis(settings)
    yield from _clock(settings, clock)
    for account in settings.accounts:
        if ready:
            yield from _access(settings, clock, account, reach)
        yield from _hints(settings, account)


def _configuration(settings: Settings) -> Finding:
    source = str(settings.file) if settings.file else "没有配置文件，用默认值"
    if not settings.accounts:
        return Finding("注意", f"配置：{source}", "还没有公众号。`shuke run` 会用自带的演练平台；接入公众号见 README")
    return Finding("好", f"配置：{source}，{'、'.join(map(_called, settings.accounts))}")


def _called(account: Account) -> str:
    return f"{'企业微信' if abilities(account).contacts else '公众号'} {account.name}"


def _database(settings: Settings) -> Generator[Finding, None, bool]:
    """What the database is like; whether it can be worked with. An empty one is set up, as every command does."""
    try:
        with database.opened(settings.store_url, database.key_of(settings)) as store:
            database.require(store)
            place = store.engine.url.render_as_string(hide_password=True)
            yield Finding("好", f"数据库：{place}，结构 {database.schema(store).current}")
            if not store.sqlite:
                yield _database_clock(store)
            yield from _erasure_key(store)
            return True
    except database.UnreachableError as error:
        yield Finding("问题", "数据库打不开", str(error))
    except database.DatabaseError as error:
        yield Finding("问题", "数据库与这个版本的程序不配", str(error))
    return False


def _erasure_key(store: Store) -> Iterator[Finding]:
    try:
        database.settle_key(store, SystemClock())
    except ShukeError as error:
        yield Finding("问题", "认不出要求删除过资料的顾客，各部分不会启动", str(error))


def _database_clock(store: Store) -> Finding:
    with store.engine.connect() as connection:
        seconds = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    return _compared("数据库的时钟", datetime.fromtimestamp(float(seconds), UTC))


def _redis(settings: Settings) -> Finding:
    url = embedded.redis_url(settings)
    try:
        client = connect_redis(url)
        client.ping()
        if settings.redis_url and _is_open(client):
            return Finding("问题", "Redis 没有密码，却对别的机器开放", "设 requirepass，或在 Redis 里写 bind 127.0.0.1")
    except RedisError:
        if settings.redis_url:
            return Finding("问题", "Redis 连不上", "启动它，或改 redis.url。没有它消息不会丢，只是慢几秒")
        return Finding("注意", "Redis：自带的没有在运行", "shuke run 会启动它")
    return Finding("好", "Redis:" + ("已连上" if settings.redis_url else "自带的在运行"))


def _is_open(client: Redis) -> bool:
    """Whether Redis listens to other machines and asks nobody for a password."""
    try:
        answer = client.config_get("bind", "requirepass")
    except ResponseError:
        # A user without the right to ask has a password, so the door is not open.
        return False
    bound = (answer.get("bind") or "0.0.0.0").split()
    return not answer.get("requirepass") and not all(_is_near(address.lstrip("-")) for address in bound)


def _is_near(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _clock(settings: Settings, clock: Clock) -> Iterator[Finding]:
    if not isinstance(clock, SystemClock):
        yield Finding("好", "时钟：跟随演练平台")
        return
    for address in dict.fromkeys(account.api_base_url for account in settings.accounts):
        platform = _platform_time(address)
        if platform is not None:
            yield _compared("平台的时钟", platform)


def _platform_time(address: str) -> datetime | None:
    """The time a server names in its answer, whatever it answers; None where there is no answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=TIMEOUT) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
    except OSError:
        # Not reachable: the look at the account says so, with what to do.
        return None
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except ValueError:
        return None  # a proxy's own idea of a date


def _compared(whose: str, there: datetime) -> Finding:
    ahead = round((SystemClock().now() - there).total_seconds())
    if abs(ahead) <= CLOCK_MAY_DIFFER:
        return Finding("好", f"时钟：与{whose}相差 {abs(ahead)} 秒")
    words = f"时钟：本机比{whose}{'快' if ahead > 0 else '慢'} {abs(ahead)} 秒，平台的消息会被当成过期"
    return Finding("问题", words, "打开自动对时：timedatectl set-ntp true")


def _access(settings: Settings, clock: Clock, account: Account, reach: Reach) -> Iterator[Finding]:
    try:
        rights = reach(settings, clock, account)
    except PlatformFailure as failure:
        yield _refused(clock, account, failure)
        return
    if rights is None:
        yield Finding("好", f"{_called(account)}：平台认可 AppID 和 AppSecret")
        return
    yield Finding("好", f"{_called(account)}：平台认可企业ID 和 Secret")
    yield from _contacts(account, rights)


def _refused(clock: Clock, account: Account, failure: PlatformFailure) -> Finding:
    if failure.code is not None:
        otherwise = "按错误码到微信官方文档的全局返回码里查"
        # On the other platform the same numbers mean something else, and the words say already where to go.
        todo = "照括号里说的改好，再运行一次" if abilities(account).contacts else ADVICE.get(failure.code, otherwise)
        return Finding("问题", f"{_called(account)}：平台拒绝，错误码 {failure.code}（{failure}）", todo)
    if not isinstance(clock, SystemClock):
        return Finding("注意", "演练平台没有在运行", "shuke run 会启动它")
    todo = f"查网络和 DNS，再看 accounts.api_base_url（{account.api_base_url}）是不是对的"
    return Finding("问题", f"{_called(account)}：连不上平台", todo)


def _contacts(account: Account, rights: ContactRights) -> Iterator[Finding]:
    called = _called(account)
    if rights.refused is not None:
        place = f"到 {CONSOLE} → 客户与上下游 → 客户联系 → API → 可调用接口的应用，勾选这个应用"
        todo = f"{place}；或把已经勾选的应用的 Secret 写进 contact_secret"
        if rights.refused.code != NO_RIGHT:
            todo = "照括号里说的改好，再运行一次"
        yield Finding("问题", f"{called}：客户联系用不了，错误码 {rights.refused.code}（{rights.refused}）", todo)
    elif not rights.members:
        todo = f"到 {CONSOLE} → 客户与上下游 → 客户联系 → 权限配置 → 使用范围，加上店里的同事"
        yield Finding("注意", f"{called}：还没有一位同事能加客户", todo)
    else:
        yield Finding("好", f"{called}：客户联系可以用，{len(rights.members)} 位同事能加客户")
        if rights.alone:
            yield Finding("注意", f"{called}：还没有客户的同事：{'、'.join(rights.alone)}")


def _hints(settings: Settings, account: Account) -> Iterator[Finding]:
    if not account.aes_key:
        limits = "明文模式下群发、删除、发红包的口令都不受理"
        todo = f"到 {WHERE} 选安全模式，把 EncodingAESKey 写进 accounts.aes_key。{limits}"
        yield Finding("注意", f"公众号 {account.name}：明文模式，消息正文没有签名", todo)
    if not settings.public_url and account.api_base_url == platform_url(account.platform):
        place = f"{CONSOLE} → 应用 → 接收消息里的 URL" if abilities(account).contacts else "公众平台里的服务器地址"
        todo = f"填写 web.public_url；{place}是 它 + /callback/{account.name}"
        yield Finding("注意", "平台还不知道怎么找到这里", todo)
