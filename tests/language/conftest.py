from datetime import datetime
from zoneinfo import ZoneInfo

import pytest


@pytest.fixture(scope="session")
def now():
    """A Wednesday afternoon in the shop."""
    return datetime(2026, 9, 16, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
