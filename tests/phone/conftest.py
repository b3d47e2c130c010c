"""The whole thing as a merchant meets it: ``shuke run`` in an empty folder, and Chromium on the page it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import ARGUMENTS, chromium_path
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from rooms import House
from screen import DESKTOP, Page

ANSWERS = 10_000  # milliseconds for the answer to a line, on a machine that runs other tests as well
SHOWN = Path(__file__).resolve().parents[1] / "screenshots"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Everything running, in a folder of its own; ended when the test is over, whatever has happened."""
    running = House.opens(tmp_path)
    yield running
    running.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=ANSWERS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """Opens the phone page in a window of the given size; an error of the page's scripts fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[Exception] = []
    shots = SHOWN if os.environ.get("SHUKE_SCREENSHOTS") else None

    def open_page(size: tuple[int, int] = DESKTOP) -> Page:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(error))
        tab.goto(house.phone_page)
        return Page(tab, shots)

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
