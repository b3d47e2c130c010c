"""A terminal beside the counter: files are taken in the way ``shuke import`` does it."""

import pytest

import app


@pytest.fixture
def take_in(shop, tmp_path):
    """Imports a text, bytes or a file; returns the report."""

    def bring_in(content, subject="ledger", *, dry_run=False, partial=False, encoding="utf-8", name="账单.csv"):
        file = content
        if isinstance(content, str | bytes):
            file = tmp_path / name
            file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return app.bring_in(shop.settings, shop.clock, subject, file, dry_run=dry_run, partial=partial)

    return bring_in
