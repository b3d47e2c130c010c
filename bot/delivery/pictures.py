"""Pictures of ours on their way out: which account of the platform knows them, by which id, and what waits for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from bot.delivery.models import Upload
from bot.store.base import to_milliseconds
from bot.store.bulk import run, run_with
from bot.store.transaction import Tx

# The platform keeps a temporary upload for three days; the last hours are a margin for long broadcasts.
FRESH_FOR = timedelta(days=3) - timedelta(hours=6)
# A picture staff have sent is fetched within moments; by then it has not come and does not come.
FETCHED_WITHIN = timedelta(hours=2)
TRY_AGAIN = timedelta(minutes=1)
NOT_FETCHED = "话术里的图片没有取到，请重新发一张：话术 改 名称"
SUFFIXES = (".jpg", ".png", ".gif", ".bin")

_KEEP = """
    INSERT INTO uploads (account, file, media_id, at) VALUES (:account, :file, :media_id, :now)
    ON CONFLICT (account, file) DO UPDATE SET media_id = excluded.media_id, at = excluded.at
"""
_FAIL = """
    UPDATE deliveries SET state = 'failed', reason = :reason FROM {given}
    WHERE deliveries.content_id = given.id AND deliveries.content_id {listed} AND deliveries.account = :account
    AND deliveries.state = 'planned' AND deliveries.calling_since IS NULL AND deliveries.planned_at <= :planned_by
"""
_PUT_OFF = """
    UPDATE deliveries SET due_at = :until FROM {given}
    WHERE deliveries.content_id = given.id AND deliveries.content_id {listed} AND deliveries.account = :account
    AND deliveries.state = 'planned' AND deliveries.due_at < :until
"""


def known(tx: Tx, account: str, files: Collection[str]) -> dict[str, str]:
    """The media ids under which an account still knows these pictures; who is missing is to be uploaded."""
    fresh = select(Upload.file, Upload.media_id).where(
        Upload.account == account, Upload.file.in_(files), Upload.at > tx.now - FRESH_FOR
    )
    return {row.file: row.media_id for row in tx.execute(fresh)}


def keep(tx: Tx, account: str, file: str, media_id: str) -> None:
    run(tx, _KEEP, account=account, file=file, media_id=media_id, now=to_milliseconds(tx.now))


def fail(tx: Tx, account: str, contents: Collection[int], reason: str, *, older_than: timedelta = timedelta()) -> None:
    """Rows of these contents that wait for their picture, planned at least so long ago, fail; none has been called."""
    given = [(number,) for number in contents]
    planned_by = to_milliseconds(tx.now - older_than)
    run_with(tx, _FAIL, {"id": "bigint"}, given, account=account, reason=reason, planned_by=planned_by)


def put_off(tx: Tx, account: str, contents: Collection[int], span: timedelta) -> None:
    """Rows of these contents are not due before this span is over."""
    given = [(number,) for number in contents]
    run_with(tx, _PUT_OFF, {"id": "bigint"}, given, account=account, until=to_milliseconds(tx.now + span))


def path_of(folder: Path, file: str) -> Path | None:
    """Where a picture lies in the folder of fetched media, None while it is not there."""
    return next((path for suffix in SUFFIXES if (path := folder / f"{file}{suffix}").is_file()), None)
