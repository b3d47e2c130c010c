"""Callbacks of any account: each platform's own way of opening them, chosen by the account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.platforms.envelope import Opened, Query
from bot.platforms.messages import Inbound
from bot.platforms.official_account import inbound as official_account
from bot.platforms.wecom import inbound as wecom
from bot.settings import Account

_PLATFORMS = {"official_account": official_account, "wecom": wecom}


def handshake(account: Account, query: Query, now: datetime) -> str:
    """The text to answer a GET with, as text/plain; the same request may come again and is answered again.

    ``query`` maps each field to all its values (werkzeug: ``request.args.to_dict(flat=False)``). Raises Forged.
    """
    return _PLATFORMS[account.platform].handshake(account, query, now)


def open_callback(account: Account, query: Query, body: bytes, now: datetime) -> Opened:
    """Verifies, decrypts and parses one POST.

    ``query`` maps each field to all its values; the caller has cut ``body`` to a sane size. Raises Forged (answer 403)
    or Unreadable (answer 400).
    """
    return _PLATFORMS[account.platform].open_callback(account, query, body, now)


def read_fields(account: Account, fields: dict[str, Any]) -> Inbound:
    """The message that the fields of a callback mean, as kept in the inbox; what is missing makes it ``unknown``."""
    return _PLATFORMS[account.platform].read_fields(account.name, fields)


def taken(account: Account) -> bytes:
    """The body that says a callback was taken and shows nobody a thing."""
    return _PLATFORMS[account.platform].TAKEN
