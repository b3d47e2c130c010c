"""The phone page as hands and eyes use it: choose somebody, type, tap, move the clock, and wait for what shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Locator
from playwright.sync_api import Page as Tab

DESKTOP = (1280, 800)
PHONE = (375, 812)
ARRIVES = 20_000  # milliseconds for what comes by itself: workers and the scheduler look about once a second


class Page:
    """The window: the list of people, the clock, one phone or two."""

    def __init__(self, tab: Tab, shots: Path | None) -> None:
        self.tab = tab
        self._shots = shots

    def person(self, name: str) -> Locator:
        """Somebody's row in the list."""
        named = self.tab.locator(".person-name").get_by_text(name, exact=True)
        return self.tab.get_by_test_id("people-list").get_by_role("button").filter(has=named)

    def choose(self, name: str) -> Phone:
        """Puts somebody on a phone and returns it."""
        self.person(name).click()
        return self._shows(name)

    def newcomer(self, name: str) -> Phone:
        """Makes a customer played by hand, who follows the account."""
        self.tab.get_by_test_id("person-new").click()
        self.tab.get_by_test_id("person-name").fill(name)
        self.tab.get_by_test_id("person-send").click()
        phone = self._shows(name)
        phone.follow()
        return phone

    def _shows(self, name: str) -> Phone:
        region = self.tab.get_by_role("region", name=f"{name}的手机")
        region.wait_for()
        return Phone(region)

    def now(self) -> datetime:
        """The moment the clock above the phones shows."""
        shown = self.tab.locator("[data-testid=clock][data-now]").get_attribute("data-now")
        return datetime.fromtimestamp(int(shown or 0), UTC)

    def clock_to(self, moment: str) -> None:
        """Sets the clock by its sheet; ``moment`` as ``2027-09-14T10:00``."""
        self.tab.get_by_test_id("clock-open").click()
        self.tab.get_by_test_id("clock-input").fill(moment)
        self.tab.get_by_test_id("clock-set").click()
        self.tab.get_by_test_id("clock-sheet").wait_for(state="detached")

    def shot(self, name: str) -> None:
        """Keeps a picture of the window, where pictures were asked for."""
        if self._shots is None:
            return
        self._shots.mkdir(exist_ok=True)
        width = self.tab.evaluate("innerWidth")
        self.tab.screenshot(path=self._shots / f"{width}-{name}.png", animations="disabled")


class Phone:
    """One phone on the page."""

    def __init__(self, region: Locator) -> None:
        self.region = region
        self.input = region.get_by_test_id("input")
        self.menu = region.get_by_test_id("menu")

    def follow(self) -> Locator:
        """Follows the account; the welcome, which is here."""
        self.region.get_by_test_id("follow").click()
        welcome = self._answers().first
        welcome.wait_for()
        return welcome

    def says(self, text: str) -> Locator:
        """Types and sends ``text``; the answer to it, which may still be on its way."""
        self.types(text)
        return self._after(self.said(text).last)

    def types(self, text: str) -> None:
        """Types and sends ``text``, until the platform has it."""
        before = self.said(text).count()
        if self.input.is_hidden():
            self.region.get_by_test_id("menu-toggle").click()
        self.input.fill(text)
        self.input.press("Enter")
        self.said(text).nth(before).wait_for()

    def taps(self, button: str) -> Locator:
        """Taps a button of the menu that has no others under it; the answer."""
        before = self._answers().count()
        self.menu.get_by_role("button", name=button, exact=True).click()
        return self._answers().nth(before)

    def said(self, text: str) -> Locator:
        """What the person has said in exactly these words and the platform has got."""
        mine = self.region.locator("[data-testid=message][data-from=person]:not([data-id=''])")
        return mine.filter(has_text=re.compile(rf"^\s*\S?{re.escape(text)}\s*$"))

    def got(self, words: str, *, via: str = "") -> Locator:
        """Messages of the account with these words, by any way or by this one."""
        way = f"[data-via={via}]" if via else ""
        return self.region.locator(f"[data-testid=message][data-from=account]{way}").filter(has_text=words)

    def _answers(self) -> Locator:
        return self.region.locator("[data-testid=message][data-via=passive]")

    def _after(self, message: Locator) -> Locator:
        return message.locator("xpath=following-sibling::*[@data-testid='message' and @data-via='passive'][1]")
