"""Where the browser for page tests is, and the mark for tests that need one.

On a laptop without a browser such tests are skipped and say so; under CI nothing may be skipped, so there they fail.
"""

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REASON = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"
# As root Chromium refuses its own sandbox; in a container its shared memory is too small for a page.
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")


def chromium_path() -> str:
    """The browser's program; raises RuntimeError where there is none. ``SHUKE_CHROMIUM`` names another."""
    path = os.environ.get("SHUKE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError(REASON)
    return path


def in_ci() -> bool:
    return bool(os.environ.get("SHUKE_CI") or os.environ.get("CI"))


def needs_browser(test: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a test that plays a page in Chromium."""
    absent = not os.environ.get("SHUKE_CHROMIUM") and not any(map(shutil.which, NAMES))
    return pytest.mark.browser(pytest.mark.skipif(absent and not in_ci(), reason=REASON)(test))
