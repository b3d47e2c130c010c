"""What is said, kept once however many people it goes to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from bot.store.bulk import chunks, run_with
from bot.store.transaction import Tx

_ADD_CONTENTS = """
    INSERT INTO contents (digest, payload) SELECT given.digest, given.payload FROM {given} WHERE true
    ON CONFLICT (digest) DO NOTHING RETURNING digest, id
"""
_CONTENT_IDS = """
    SELECT contents.digest, contents.id FROM {given} CROSS JOIN contents
    WHERE contents.digest = given.digest AND contents.digest {listed}
"""


def content_ids(tx: Tx, payloads: Sequence[dict[str, Any]]) -> list[int]:
    """The ids of contents, in the order given; what is not there yet is added, equal payloads share one id."""
    texts, digests = _digested(payloads)
    found: dict[str, int] = {}
    for chunk in chunks(dict(zip(digests, texts, strict=True)).items()):
        # Adding waits for another planner who adds the same; one order for all keeps two of them from a deadlock.
        rows = sorted((digest, text.decode()) for digest, text in chunk)
        added = run_with(tx, _ADD_CONTENTS, {"digest": "text", "payload": "jsonb"}, rows)
        found |= dict(added.all())
        found |= _found(tx, [digest for digest, _text in rows if digest not in found])
    return [found[digest] for digest in digests]


def known_contents(tx: Tx, payloads: Sequence[dict[str, Any]]) -> list[int | None]:
    """`content_ids` that only reads: None for what is not there."""
    _texts, digests = _digested(payloads)
    found: dict[str, int] = {}
    for chunk in chunks(digests):
        found |= _found(tx, chunk)
    return [found.get(digest) for digest in digests]


def _digested(payloads: Sequence[dict[str, Any]]) -> tuple[list[bytes], list[str]]:
    texts = [orjson.dumps(payload, option=orjson.OPT_SORT_KEYS) for payload in payloads]
    return texts, [hashlib.sha256(text).hexdigest() for text in texts]


def _found(tx: Tx, digests: Sequence[str]) -> dict[str, int]:
    if not digests:
        return {}
    rows = run_with(tx, _CONTENT_IDS, {"digest": "text"}, [(digest,) for digest in digests])
    return dict(rows.all())


def content_id(tx: Tx, payload: dict[str, Any]) -> int:
    """The id of one content; see `content_ids`."""
    return content_ids(tx, [payload])[0]
