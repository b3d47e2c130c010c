"""The key of the hashes by which erased people are known again: beside the database, which keeps only a proof of it.

Whoever has the database alone cannot try out phone numbers or addresses against the hashes.
"""

from __future__ import annotations

import hashlib
import hmac

from bot.errors import ShukeError
from bot.store.base import to_milliseconds
from bot.store.transaction import Tx

# The row with the empty digest holds the proof. Before 0.2 it held the key itself.
_PROOF = "SELECT key FROM forgotten WHERE digest = ''"
_ADD = "INSERT INTO forgotten (digest, key, at) VALUES ('', :proof, :now) ON CONFLICT (digest) DO NOTHING"
_REPLACE = "UPDATE forgotten SET key = :proof WHERE digest = ''"
_COUNT = "SELECT COUNT(*) FROM forgotten WHERE digest <> ''"
_PREFIX = "proof:"


class KeyLost(ShukeError):
    """This machine lacks the key, or has another one."""


def is_settled(tx: Tx) -> bool:
    """Whether the key lies here and the database knows it; only reads."""
    if not tx.key.verified:
        found, key = _proof(tx), _read(tx)
        tx.key.verified = bool(key) and found == proof_of(key)
    return tx.key.verified


def settle(tx: Tx) -> str:
    """The key; the first time it is made and the database told, and a key that lay in the database is moved out of it.

    Raises KeyLost where people were erased under a key that this machine does not have.
    """
    if is_settled(tx):
        return tx.key.read()
    found = _proof(tx)
    if found and not found.startswith(_PREFIX):
        # First the file, safely on disk, then the database: between the two nothing is lost.
        key = tx.key.make(found)
        if key != found:
            raise _lost(tx, "is another one than the database holds")
        tx.direct(_REPLACE, {"proof": proof_of(key)})
    elif not found:
        key = tx.key.make()
        tx.direct(_ADD, {"proof": proof_of(key), "now": to_milliseconds(tx.now)})
    if not is_settled(tx):
        raise _lost(tx, "is another one" if _read(tx) else "is missing")
    return tx.key.read()


def begin_anew(tx: Tx) -> int:
    """Gives up a key that is lost for good, and with it the hashes nobody can compare any more; returns how many."""
    count = int(tx.direct(_COUNT, {})[0][0])
    tx.direct("DELETE FROM forgotten", {})
    tx.key.verified = False
    settle(tx)
    return count


def proof_of(key: str) -> str:
    return _PREFIX + hmac.new(bytes.fromhex(key), b"shuke erasure key", hashlib.sha256).hexdigest()


def _proof(tx: Tx) -> str:
    rows = tx.direct(_PROOF, {})
    return str(rows[0][0]) if rows else ""


def _read(tx: Tx) -> str:
    try:
        return tx.key.read()
    except (OSError, ValueError) as error:
        raise KeyLost(f"The key of erased customers cannot be read: {error}. Put back the file as it was.") from error


def _lost(tx: Tx, why: str) -> KeyLost:
    return KeyLost(
        f"The key by which erased customers are known again {why} on this machine: {tx.key.path}. Copy that file from the "
        "machine where the shop ran first (or from the backup), or set SHUKE_ERASURE_KEY to its content. "
        "If it is lost for good: shuke db new-key"
    )
