"""How one sandbox is asked to start: the account it plays, its people, its clock, its files."""

import argparse
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .clock import SHANGHAI, read_moment

# Fixed demo values: they open nothing but a sandbox, and the demo shop is configured with the same ones.
DEMO_APP_ID = "wxsandbox0000001"
DEMO_SECRET = "5a4d6b0c1f2e3d4c5b6a798897a6b5c4"
DEMO_TOKEN = "shukeSandboxToken"
DEMO_AES_KEY = "shukeSandboxDemoKey0123456789abcdefghijklmn"
# A template of the account from the start, for notices to its staff.
DEMO_STAFF_TEMPLATE = "sandbox-staff-notice-template-0000000000000001"
DEMO_ORIGINAL_ID = "gh_sandbox0001"
DEMO_CORP_ID = "wwdemo0000000001"
DEMO_AGENT_ID = 1000002
DEMO_CORP_SECRET = "demoCorpSecret0123456789abcdefghijklmnopqrs"
DEMO_CORP_TOKEN = "shukeCorpToken"
DEMO_CORP_AES_KEY = "corpSandboxDemoKey0123456789abcdefghijklmno"
DEMO_ROBOT_KEY = "5a4d6b0c-1f2e-4d4c-9b6a-798897a6b5c4"
DEMO_OWNER = "laoban"

MODES = ("plain", "compatible", "safe")
KINDS = ("service", "subscription")
ACCOUNT_OPTIONS = ("app_id", "secret", "token", "aes_key", "mode", "kind", "callback", "name", "original_id")
CORP_OPTIONS = ("corp_id", "corp_secret", "corp_contact_secret", "corp_token", "corp_aes_key", "corp_callback")
OPTIONS = ACCOUNT_OPTIONS + CORP_OPTIONS


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sandbox starts with.

    `offset` is sandbox time minus real time in seconds; where it `stands`, the clock moves only when it is set.
    `following` of the `population` are fans from before, without an event of their own. `base_url` is where the sandbox
    itself answers (pictures in pushes point there). The company has three members and `company` people outside, some
    of them fans of the Official Account as well; `friends` of them are customers of a member from before. Without
    people it is empty.
    """

    app_id: str = DEMO_APP_ID
    secret: str = DEMO_SECRET
    token: str = DEMO_TOKEN
    aes_key: str = DEMO_AES_KEY
    mode: str = "safe"
    kind: str = "service"
    callback: str = ""
    name: str = "熟客演练号"
    original_id: str = DEMO_ORIGINAL_ID
    corp_id: str = DEMO_CORP_ID
    corp_agent_id: int = DEMO_AGENT_ID
    corp_secret: str = DEMO_CORP_SECRET
    corp_contact_secret: str = ""
    corp_token: str = DEMO_CORP_TOKEN
    corp_aes_key: str = DEMO_CORP_AES_KEY
    corp_callback: str = ""
    robot_key: str = DEMO_ROBOT_KEY
    company: int = 0
    friends: int = 0
    population: int = 200
    following: int = 0
    seed: int = 1
    offset: float = 0.0
    stands: bool = False
    clock_file: Path | None = None
    state_file: Path | None = None
    base_url: str = "http://127.0.0.1"

    def account(self) -> dict[str, Any]:
        """The account part, as the platform keeps it; `allowlist` None lets every address call (40164 otherwise)."""
        account: dict[str, Any] = {name: getattr(self, name) for name in ACCOUNT_OPTIONS if name != "callback"}
        account["callback_url"] = self.callback
        account.update(allowlist=None, frozen=False, banned=[], mass_protection="off")
        return account

    def corp_account(self) -> dict[str, Any]:
        """The company's part, as the platform keeps it; `receive_rule` is how often a customer gets group-send
        messages: month_days, seven_a_week or one_a_day."""
        account: dict[str, Any] = {"name": self.name, "corp_id": self.corp_id, "agent_id": self.corp_agent_id}
        account |= {"secret": self.corp_secret, "contact_secret": self.corp_contact_secret, "token": self.corp_token}
        account |= {"aes_key": self.corp_aes_key, "callback_url": self.corp_callback, "receive_rule": "month_days"}
        return account | {"allowlist": None, "frozen": False, "banned": []}

    def chosen_corp(self) -> dict[str, Any]:
        """The company's values that differ from the defaults."""
        standard = Settings(name=self.name).corp_account()
        return {name: value for name, value in self.corp_account().items() if value != standard[name]}

    def chosen(self) -> dict[str, Any]:
        """The account values that differ from the defaults: these win over a restored state."""
        standard = {field.name: field.default for field in fields(self)}
        chosen = {name: getattr(self, name) for name in ACCOUNT_OPTIONS if getattr(self, name) != standard[name]}
        if "callback" in chosen:
            chosen["callback_url"] = chosen.pop("callback")
        return chosen


@dataclass(frozen=True, slots=True)
class Start:
    """A parsed command line: where to listen, and whether to end together with the starting process."""

    host: str
    port: int
    with_parent: bool
    settings: Settings


def parse(argv: Sequence[str]) -> Start:
    """Read the command line; a mistake ends with argparse's usual message and exit code 2."""
    parser = _parser()
    given = parser.parse_args(argv)
    account = {name: getattr(given, name) for name in OPTIONS if getattr(given, name) is not None}
    try:
        if given.account is not None:
            account = read_account(Path(given.account)) | account
        check_account(account)
        offset = start_offset(given.start, time.time())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    settings = Settings(
        **account,
        population=given.population,
        following=given.following,
        company=given.company,
        friends=given.friends,
        seed=given.seed,
        offset=offset,
        clock_file=given.clock_file,
        state_file=given.state,
    )
    return Start(given.host, given.port, given.with_parent, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shuke sandbox", description="演练平台: a WeChat platform on this machine")
    parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--account", metavar="FILE", help="JSON with " + ", ".join(OPTIONS))
    for name in OPTIONS:
        choices = {"mode": MODES, "kind": KINDS}.get(name)
        parser.add_argument("--" + name.replace("_", "-"), choices=choices)
    parser.add_argument("--population", type=int, default=200, help="simulated customers")
    parser.add_argument("--following", type=int, default=0, help="how many of them follow from before")
    parser.add_argument("--company", type=int, default=40, help="people around a company of three; 0: no company")
    parser.add_argument("--friends", type=int, default=0, help="how many of them are its customers from before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", default="now", help='"HH:MM" of today in Shanghai, an ISO time, or now')
    parser.add_argument("--clock-file", type=Path, help="8 bytes: sandbox time minus real time")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep everything here across restarts")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process ends")
    return parser


def read_account(path: Path) -> dict[str, str]:
    """Read an account file; `ValueError` names the key that is unknown or not text."""
    try:
        account = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(account, dict):
        raise ValueError(f"{path}: must hold one JSON object")
    for name, value in account.items():
        if name not in OPTIONS:
            raise ValueError(f"{path}: unknown key {name}. Known: {', '.join(OPTIONS)}")
        if not isinstance(value, str):
            raise ValueError(f"{path}: {name} must be text")
    return account


def check_account(account: dict[str, Any]) -> None:
    """Refuse values that no platform would accept, with `ValueError` naming the one to repair."""
    for name in ("aes_key", "corp_aes_key"):
        if not re.fullmatch(r"[A-Za-z0-9]{43}", account.get(name, DEMO_AES_KEY)):
            raise ValueError(f"{name}: an EncodingAESKey has 43 letters and digits")
    if account.get("mode", "safe") not in MODES:
        raise ValueError(f"mode: one of {', '.join(MODES)}")
    if account.get("kind", "service") not in KINDS:
        raise ValueError(f"kind: one of {', '.join(KINDS)}")
    for name in ("callback", "callback_url", "corp_callback"):
        address = account.get(name, "")
        if address and not re.match(r"https?://[^/]+", address):
            raise ValueError(
                f"{name.removesuffix('_url')}: a full address such as http://127.0.0.1:8000/callback/shop, or empty "
                "for none"
            )


def start_offset(start: str, real: float) -> float:
    """Sandbox time minus real time for `--start`: `now`, `HH:MM` (today, Asia/Shanghai) or an ISO moment."""
    if start == "now":
        return 0.0
    if hour := re.fullmatch(r"(\d{1,2}):(\d{2})", start):
        today = datetime.fromtimestamp(real, SHANGHAI)
        moment = today.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
        return moment.timestamp() - real
    return read_moment(start) - real
