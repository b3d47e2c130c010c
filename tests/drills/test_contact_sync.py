"""Contacts of a company survive whatever dies while they are taken in, and end as the platform has them.

Full counts: 50,000 contacts of 20 members, then 10,000 events out of order and more than once, then a night.
"""

import os
import signal
import time
from pathlib import Path

from company import Company
from house import FULL, ONE_IF_SMALL, until

from bot.sandbox.acts import NotPossible
from bot.sandbox.corp import friends as there
from bot.sandbox.corp.people import BOTH

pytestmark = ONE_IF_SMALL

CONTACTS, MEMBERS, EVENTS = (50_000, 20, 10_000) if FULL else (160, 3, 60)
KILLS = ("commit:9", "committed:16", "statement:90", "commit:300") if FULL else ("committed:12",)
PATIENCE = 900.0 if FULL else 60.0
# A killed worker's lease is taken over within this.
SHORT_LEASE = "[delivery]\nlease_seconds = 2\n"
TAGS = [f"标签{number}" for number in range(12)]


class Town:
    """The company's people, and what they do by chance."""

    def __init__(self, shop, chance):
        self.shop, self.chance = shop, chance
        self.company = shop.platform.corp
        story = Company(shop)
        self.boss = story.member("laoban", "老板娘")
        self.boss.says("今日")
        self.members = [self.company.add_member(f"m{number:02}", f"店员{number}") for number in range(MEMBERS)]
        self.tags = {name: story.console_tag("create", name=name, group="喜好") for name in TAGS}
        now = self.company.platform.clock.now()
        with shop.platform.lock:
            for number in range(CONTACTS):
                contact = self.company.new_contact(f"客{number}", unionid=f"u{number}" if number % 5 == 0 else "")
                for place in range(1 + (number % 7 == 0)):
                    member = self.members[(number + place) % MEMBERS]
                    worn = chance.sample(list(self.tags.values()), chance.randrange(3))
                    remark = f"老客{number}" if number % 3 else ""
                    there.befriend(
                        self.company, member, contact, since=now - 86400 * (place + 1), remark=remark, tags=worn
                    )
        self.contacts = list(self.company.contacts.values())

    def something_happens(self):
        """One of the things people do in the client, a second after the last."""
        chance, contact = self.chance, self.chance.choice(self.contacts)
        member = chance.choice(self.members)
        known = self.company.friends_of(contact.external_userid)
        if known and chance.random() < 0.8:
            member = self.company.members[chance.choice(known).userid]
        worn = [chance.choice(list(self.tags.values()))]
        doings = {
            "tags": lambda: there.edit(
                self.company, member, contact, {"add_tags": worn} if chance.random() < 0.5 else {"remove_tags": worn}
            ),
            "remark": lambda: there.edit(self.company, member, contact, {"remark": f"备注{chance.randrange(99)}"}),
            "add": lambda: there.add(self.company, member, contact),
            "leave": lambda: there.leave(self.company, member, contact),
            "remove": lambda: there.remove(self.company, member, contact),
        }
        (doing,) = chance.choices(list(doings), weights=(5, 3, 3, 1, 1))
        self.shop.later(seconds=1)
        try:
            with self.shop.platform.lock:
                doings[doing]()
        except NotPossible:
            return

    def differs(self):
        """Where what the shop exports is not what the platform has."""
        records = {
            identity["id"]: (record, identity)
            for record in self.shop.export("customers")
            for identity in record["identities"]
        }
        names = {tag: name for name, tag in self.tags.items()} | {
            tag.id: tag.name for group in self.company.tags.groups for tag in group.tags
        }
        wrong = []
        for contact in self.contacts:
            known = self.company.friends_of(contact.external_userid)
            if contact.external_userid not in records:
                wrong += [(contact.name, "missing")] if known else []
                continue
            record, identity = records[contact.external_userid]
            is_active = any(friend.relation == BOTH for friend in known)
            if identity["relation"] != ("active" if is_active else "gone"):
                wrong.append((contact.name, "relation", identity["relation"], [friend.relation for friend in known]))
            worn = {names[tag] for friend in known for tag in friend.tags}
            if is_active and {tag for tag in record["tags"] if tag != "待整理"} != worn:
                wrong.append((contact.name, "tags", record["tags"], sorted(worn)))
            if record["nickname"] != contact.name:
                wrong.append((contact.name, "name", record["nickname"]))
            # The platform calls whom nobody has named by their own name, which says nothing.
            remark = record["remark"] or contact.name
            if len(known) == 1 and is_active and remark != (known[0].remark or contact.name):
                wrong.append((contact.name, "remark", record["remark"], known[0].remark))
        return wrong


def peak_memory(pid):
    """MB a process has had at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024


def test_taken_in_in_spite_of_kills_and_kept_as_the_platform_has_them(open_shop, nursery, tmp_path, chance, figure):
    shop = open_shop(corp=True, more_accounts=SHORT_LEASE)
    town = Town(shop, chance)
    begun = []

    def worker(dies=""):
        log = tmp_path / f"worker{len(begun)}.log"
        words = ["worker", "--config", str(tmp_path / "config.toml")]
        environ = {"SHUKE_CLOCK_FILE": str(tmp_path / "clock")}
        begun.append(nursery.start(words, folder=tmp_path, log=log, environ=environ, dies=dies))
        return begun[-1]

    def walked():
        return bool(shop.rows("SELECT 1 FROM contact_walks WHERE done_at IS NOT NULL"))

    def is_in_step():
        due = "SELECT count(*) FROM friendships WHERE stale_at IS NOT NULL"
        return not shop.rows(due)[0][0] and not shop.rows("SELECT 1 FROM inbox WHERE state = 'received' LIMIT 1")

    pid = 0
    try:
        began = time.monotonic()
        for place in KILLS:
            pid = worker(place)
            until(lambda pid=pid: nursery.ended(pid) is not None, f"the death at {place}", PATIENCE)
        pid = worker()
        until(walked, "the end of the import", PATIENCE)
        imported = time.monotonic() - began
        assert town.differs() == []

        for kind, match in (
            ({"kind": "callback_duplicate", "times": 2, "after": 3}, {"probability": 0.1}),
            ({"kind": "callback_reorder"}, {"probability": 0.1}),
            ({"kind": "callback_lost"}, {"probability": 0.05, "event": "change_external_contact/edit_*"}),
        ):
            shop.fault(kind, **{"event": "change_external_contact/*", **match})
        for number in range(EVENTS):
            town.something_happens()
            if number % 20 == 0:
                customer = chance.randrange(1, CONTACTS)
                town.boss.says(f"#{customer} {chance.choice('+-')}{chance.choice(TAGS)}")
        shop.ask("/faults", method="DELETE")
        shop.later(minutes=2)
        shop.settle()
        read = until(is_in_step, "all read again", PATIENCE)
        shop.at("2026-09-23 02:30")
        night = time.monotonic()
        until(lambda: shop.strike() or walked(), "the beginning of the night's walk")
        # What is put off for a few seconds is due at the next look.
        until(lambda: shop.later(seconds=2) or (walked() and is_in_step()), "the end of the night's walk", PATIENCE)
        by_night = time.monotonic() - night
        figure(
            f"{CONTACTS} contacts of {MEMBERS} members in {imported:.0f} s, killed {len(KILLS)} times; "
            f"{EVENTS} events read in {read:.0f} s; the night {by_night:.0f} s; peak {peak_memory(pid)} MB"
        )
        assert town.differs() == []
    finally:
        if pid and nursery.ended(pid) is None:
            os.kill(pid, signal.SIGKILL)
