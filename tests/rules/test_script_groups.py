"""Who gets which script: the same whenever it is asked, alike within every class, by a tag where staff said so."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.campaigns import groups
from bot.domain.campaigns.rules import HOLD_OUT

numbers = st.integers(1, 2**31 - 1)


@dataclass(frozen=True)
class Person:
    vip: bool
    purchased: bool
    visited: bool


people = st.dictionaries(numbers, st.builds(Person, st.booleans(), st.booleans(), st.booleans()), max_size=300)


def dealt(broadcast, part, variants, hold_out, people):
    dealer = groups.dealer(broadcast, part, variants, hold_out)
    line = sorted(people, key=lambda number: groups.place(broadcast, number, people[number]))
    return {number: dealer.next() for number in line}


@given(numbers, st.integers(0, 999), st.integers(1, 6), st.integers(0, 50), people)
def test_groups_are_alike_within_every_class_and_as_a_whole(broadcast, part, several, hold_out, people):
    variants = "ABCDEF"[:several]
    found = dealt(broadcast, part, variants, hold_out, people)
    assert found == dealt(broadcast, part, variants, hold_out, dict(reversed(people.items())))
    for class_ in (None, "VIP", "M", "YO", "N"):
        inside = [number for number, person in people.items() if class_ in (None, groups.class_of(person))]
        sizes = Counter(found[number] for number in inside)
        assert max(sizes[one] for one in variants) - min(sizes[one] for one in variants) <= 1
        assert abs(sizes[HOLD_OUT] - len(inside) * hold_out / 100) < 1.01


def test_small_parts_do_not_hold_out_the_same_place_in_line_again_and_again():
    line = {number: Person(False, False, number % 2 == 0) for number in range(1, 11)}
    held = Counter()
    for part in range(300):
        found = dealt(7, part, "A", 10, {number + 10 * part: person for number, person in line.items()})
        held.update(number % 2 for number, group in found.items() if group == HOLD_OUT)
    assert sum(held.values()) == 300
    assert min(held.values()) > 100


def test_another_broadcast_deals_anew():
    line = {number: Person(False, False, False) for number in range(1, 301)}
    one, other = (dealt(broadcast, 0, "ABC", 0, line) for broadcast in (1, 2))
    same = sum(one[number] == other[number] for number in line)
    assert 60 < same < 140
