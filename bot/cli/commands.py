"""What ``app.py`` hands to the terminal: the parts it has built, as plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, TextIO

from bot.clock import Clock
from bot.errors import PlatformFailure
from bot.settings import Account, Settings


@dataclass(slots=True)
class Report:
    """What an import did or would do. ``ok`` False: nothing was changed, since some lines are refused."""

    lines: list[str]
    ok: bool = True


@dataclass(frozen=True, slots=True)
class ContactRights:
    """Whether the app may call customer contact: the members who may have contacts, and those of them who have none.

    ``refused``: why it may not, else None.
    """

    members: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    refused: PlatformFailure | None = None


class BringIn(Protocol):
    def __call__(
        self, settings: Settings, clock: Clock, subject: str, file: Path, *, dry_run: bool, partial: bool
    ) -> Report: ...


class Rehearse(Protocol):
    def __call__(
        self,
        settings: Settings,
        *,
        own_plans: bool,
        first: date,
        days: int,
        customers: int,
        seed: int,
        messages: TextIO | None,
        tell: Callable[[str], object],
    ) -> Report: ...


@dataclass(frozen=True, kw_only=True)
class Commands:
    """One function for each thing a terminal may ask for; they import what they need when they are called.

    The database is of the right version when they run. ShukeError and its kind are shown as they stand.
    """

    web: Callable[[Settings, Clock], None]
    """Serves until SIGTERM; binds exactly ``settings.listen_host`` and ``listen_port``."""
    worker: Callable[[Settings, Clock], None]
    """Works until SIGTERM, one process."""
    scheduler: Callable[[Settings, Clock], None]
    preload: Callable[[Settings], None]
    """Imports what workers and schedulers need, for those that are forked from this process; opens nothing."""
    sandbox: Callable[[Sequence[str]], int]
    """The simulator with its own command line; the exit code."""
    demo_accounts: Callable[[], Sequence[Account]]
    """The sandbox's accounts, an Official Account and a company, with the values it starts with; ``api_base_url`` is
    filled in by the rehearsal."""
    invite: Callable[[Settings, Clock, str], str]
    """A one-time code for ``绑定 CODE`` with the role ``owner`` or ``staff``."""
    first_owner_code: Callable[[Settings, Clock], str | None]
    """The same for the owner, None once there is one."""
    export: Callable[[Settings, Clock, str, str, TextIO], None]
    """What (``customers`` …) in which form (``jsonl`` or ``csv``) to where."""
    bring_in: BringIn
    """``customers`` or ``ledger`` from a file."""
    broadcast: Callable[[Settings, Clock, str, int | None], str]
    """``list``, ``show``, ``pause``, ``resume`` or ``cancel`` of a broadcast's number; the words to show."""
    sync: Callable[[Settings, Clock, str, Callable[[str], object]], int]
    """Goes through everybody of an account by name, telling how far it is and what differed; the exit code."""
    reach: Callable[[Settings, Clock, Account], ContactRights | None]
    """Fetches a token; raises PlatformFailure. What there is to say of contacts, None where an account has none."""
    rehearse: Rehearse
    """Plays days ahead with simulated customers; by the plans in the shop's database, or all that ship. Messages go out as
    JSON, a line each; ``ok`` False: a rule did not hold."""
