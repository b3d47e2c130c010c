"""Trying a playbook on today's customers: who would hear what of each step, and why somebody would not. Only reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from bot.domain import working_day
from bot.domain.care import letter_rules, letters, playing
from bot.domain.care.models import PlaybookPlace
from bot.domain.care.playbooks import Book
from bot.domain.customers import segments
from bot.domain.customers.models import Customer
from bot.errors import Refusal
from bot.language.playbook_text import ANSWERED, GOAL_SEGMENTS, SILENT, Step, show_step
from bot.language.segments import Tree, parse_segment
from bot.settings import Settings
from bot.store.transaction import Tx

LOOKED_AT = 60  # each takes a few looks into the database, and the others wait for this answer


@dataclass(slots=True)
class Tried:
    """A step: how many would hear it at once, by hand, later; by reason who would not; for whom its condition fails.

    ``tasks``: of a step for staff how many would stand in 今日.
    """

    words: str
    sent: int = 0
    by_hand: int = 0
    later: int = 0
    tasks: int = 0
    unfit: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Trial:
    """Of ``people`` who belong to it ``looked_at`` were tried; ``at_goal`` of these have nothing to do any more.

    ``example``: what one of them would read first.
    """

    people: int
    looked_at: int
    at_goal: int
    steps: list[Tried]
    example: tuple[Customer, str] | None


def run(tx: Tx, shop: Settings, book: Book, now: datetime) -> Trial:
    """What the playbook would do with those who belong to it today, as they stand; ``now`` in the shop's zone.

    Nobody knows yet who will answer: ``没回复`` holds for everybody here, ``回复了`` for nobody.
    """
    people, numbers = segments.sample(tx, parse_segment(book.plan.entry), now, LOOKED_AT)
    looked = segments.people(tx, numbers[:LOOKED_AT])
    goal = _tree(GOAL_SEGMENTS.get(book.plan.goal, book.plan.goal))
    going = [one for one in looked if goal is None or not segments.holds(tx, goal, one.id, now)]
    at = letter_rules.opening(tx.now, shop.quiet_hours, shop.timezone)
    steps, example = [], None
    for step in book.plan.steps:
        tried = Tried(show_step(step))
        for customer in going:
            text = _try(tx, shop, customer, step, tried, at, now)
            if text and example is None:
                example = (customer, text)
        steps.append(tried)
    return Trial(people, len(looked), len(looked) - len(going), steps, example)


def _tree(expression: str) -> Tree | None:
    """The goal as a segment; None where it is about what has not happened yet."""
    try:
        return parse_segment(expression) if expression not in ("", "再买", "回复") else None
    except Refusal:
        return None


def _try(tx: Tx, shop: Settings, customer: Customer, step: Step, tried: Tried, at: datetime, now: datetime) -> str:
    """Counts one customer at one step; returns what they would read, or nothing."""
    if not _fits(tx, step, customer, now):
        tried.unfit += 1
        return ""
    if step.action in ("task", "call"):
        tried.tasks += 1
        return ""
    try:
        text = working_day.say_step(tx, shop, customer, step)
    except Refusal as missing:
        tried.skipped[str(missing)] += 1
        return ""
    until = at + playing.LATE
    verdict, by_hand = letters.look(tx, shop, customer, purpose=playing.purpose_of(step), at=at, until=until)
    if verdict.state == "skipped":
        tried.skipped[verdict.reason] += 1
        return ""
    if verdict.state == "later":
        tried.later += 1
    elif by_hand:
        tried.by_hand += 1
    else:
        tried.sent += 1
    return text


def _fits(tx: Tx, step: Step, customer: Customer, now: datetime) -> bool:
    if step.condition in ("", SILENT):
        return True
    return step.condition != ANSWERED and segments.holds(tx, parse_segment(step.condition), customer.id, now)


def not_yet_in(tx: Tx, book: Book, now: datetime) -> list[int]:
    """Who belongs to the playbook today and is in no step of any; ``now`` in the shop's zone."""
    inside = select(PlaybookPlace.customer_id).where(PlaybookPlace.state.in_(("running", "task")))
    theirs = select(Customer.id).where(
        segments.where(tx, parse_segment(book.plan.entry), now), Customer.id.not_in(inside)
    )
    return list(tx.execute(theirs.order_by(Customer.id)).scalars())
