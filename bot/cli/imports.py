"""Taking in what other programs know: ``shuke import ledger FILE`` and ``shuke import customers FILE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from itertools import islice
from pathlib import Path
from typing import TypeVar

from bot.cli.commands import Report
from bot.cli.tables import read_table
from bot.clock import Clock
from bot.domain.customers import roster
from bot.domain.customers.roster import Entry, Filed, Roster, read_roster
from bot.domain.orders import payments
from bot.domain.orders import service as orders
from bot.domain.orders.bills import Bill, read_bill
from bot.errors import Refusal, ShukeError
from bot.language.cells import Row
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.transaction import Tx, transaction

BILLS = {"merchant": "微信支付交易账单", "personal": "个人账单明细"}
REFUSED_SHOWN = 200
Item = TypeVar("Item")


@dataclass(frozen=True)
class Importer:
    """An import into one shop. ``dry_run`` changes nothing; ``partial`` leaves out the lines that are refused."""

    store: Store
    clock: Clock
    settings: Settings
    dry_run: bool
    partial: bool

    def bring_in(self, subject: str, file: Path) -> Report:
        """Imports a file of ``ledger`` or ``customers``. Raises ShukeError for one that cannot be read.

        First everything is tried and taken back, then done in short transactions, so that callbacks go on meanwhile.
        Whoever stops it in the middle imports the same file again: what stands is not taken in twice.
        """
        rows = read_table(file)
        if not rows:
            raise ShukeError(f"{file} is empty")
        try:
            return self._ledger(rows) if subject == "ledger" else self._customers(rows)
        except Refusal as refusal:
            raise ShukeError(f"{file}：{refusal}") from refusal

    def _ledger(self, rows: Sequence[Row]) -> Report:
        bill = read_bill(rows)

        def run(*, tried: bool) -> payments.Intake:
            intake = payments.Intake(tried)

            def take(tx: Tx, batch: Sequence[payments.Paid]) -> None:
                payments.take_in(tx, batch, intake, zone=self.settings.timezone)

            self._work_off(bill.paid, take, tried=tried)
            return intake

        tried = run(tried=True)
        report = self._judged(BILLS[bill.kind], [*bill.refused, *tried.refused])
        if report.ok:
            report.lines += _told_bill(bill, tried if self.dry_run else run(tried=False))
            report.lines.append(self._ending())
        return report

    def _customers(self, rows: Sequence[Row]) -> Report:
        listed = read_roster(rows, self.clock.now().astimezone(self.settings.timezone).date())

        def run(*, tried: bool) -> Filed:
            filed = Filed(tried)
            zone = self.settings.timezone
            self._work_off(listed.entries, lambda tx, batch: _file(tx, batch, filed, zone), tried=tried)
            return filed

        tried = run(tried=True)
        report = self._judged("顾客名单", [*listed.refused, *tried.refused])
        if report.ok:
            report.lines += _told_roster(listed, tried if self.dry_run else run(tried=False))
            report.lines.append(self._ending())
        return report

    def _work_off(self, items: Iterable[Item], take: Callable[[Tx, Sequence[Item]], None], *, tried: bool) -> None:
        """Hands the items over in batches, each in a transaction of its own; taken back where it is only tried."""
        waiting = iter(items)
        while batch := list(islice(waiting, payments.BATCH)):
            try:
                with transaction(self.store, self.clock) as tx:
                    take(tx, batch)
                    tx.flush()
                    if tried:
                        raise _Tried
            except _Tried:
                continue

    def _judged(self, title: str, refused: Sequence[tuple[int, str]]) -> Report:
        """The report so far: the lines that are refused, and whether that ends it."""
        lines = [title, *(f"第 {line} 行：{reason}" for line, reason in sorted(refused)[:REFUSED_SHOWN])]
        if len(refused) > REFUSED_SHOWN:
            lines.append(f"……还有 {len(refused) - REFUSED_SHOWN} 行")
        if refused and not self.partial:
            lines.append("上面的行读不了，什么都没有导入。改好再来，或加 --partial 只导入好的行。")
            return Report(lines, ok=False)
        return Report(lines)

    def _ending(self) -> str:
        return "这是试跑（--dry-run），什么都没有改。" if self.dry_run else "导入好了。"


class _Tried(Exception):
    """Ends a transaction that was only tried."""


def _file(tx: Tx, batch: Sequence[Entry], filed: Filed, zone: tzinfo) -> None:
    """Opens or fills a file for each; one that is refused leaves nothing behind."""
    for entry in batch:
        before = filed.hints[:]
        try:
            with tx.savepoint():
                customer, outcome = roster.take_in(tx, entry, filed)
                spent = (
                    customer is not None
                    and not filed.tried
                    and orders.spent_before(tx, customer, entry.spent_fen, _noon(entry.last_bought, zone))
                )
        except Refusal as refusal:
            filed.refused.append((entry.line, str(refusal)))
            filed.hints = before
            continue
        filed.made += outcome == "made"
        filed.filled += outcome == "filled" or (spent and outcome == "known")
        filed.known += outcome == "known" and not spent


def _noon(day: date | None, zone: tzinfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(12), zone)


def _told_roster(listed: Roster, filed: Filed) -> list[str]:
    lines = [f"新建 {filed.made} 位，补充 {filed.filled} 位，没有变化 {filed.known} 位"]
    if listed.doubles:
        lines.append(f"重复的行 {listed.doubles} 行，只算一次")
    if listed.unused:
        lines.append(f"没有用到的列：{'、'.join(listed.unused)}")
    return lines + filed.hints[:REFUSED_SHOWN]


def _told_bill(bill: Bill, intake: payments.Intake) -> list[str]:
    lines = [f"新记 {intake.booked} 笔，其中 {intake.matched} 笔知道是谁的；以前导入过、没有变化 {intake.known} 笔"]
    if intake.changed:
        lines.append(f"有新退款 {intake.changed} 笔")
    if intake.held:
        lines.append(f"{intake.held} 笔可能店员已经记过，先不记：在聊天里发“未认领”核对")
    if intake.booked > intake.matched:
        lines.append(f"{intake.booked - intake.matched} 笔不知道是谁的：在聊天里发“未认领”")
    if intake.void:
        lines.append(f"{intake.void} 笔已经全部退回，不记")
    return lines + [f"跳过 {count} 行：{kind}" for kind, count in bill.skipped.most_common()]
