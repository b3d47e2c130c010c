"""Groups as staff speak of them: found by name, their codes and welcomes at the platform, what is posted when."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import case, or_, select, update

from bot.delivery import tasks
from bot.domain.customers import friends
from bot.domain.groups import membership
from bot.domain.groups.models import Chat, ChatListing, ChatPost
from bot.domain.groups.rules import PURPOSES
from bot.errors import Refusal
from bot.language.normalise import normalise
from bot.language.times import read_recurrence
from bot.settings import Settings
from bot.store.transaction import Tx

NO_GROUP = "还没有客户群。在企业微信里建一个客户群，一会儿就会出现在“社群”里。"
_PREFIXES = ("社群", "群")
_GROUP_NAME = re.compile(r"[^ ，。,.!！?？]{1,12}群\d{0,2}")
NICKNAME = "%NICKNAME%"  # vendor manual, page 92366
UNLISTED = -1  # reads of a group that the platform's list does not name any more


@dataclass(frozen=True, slots=True)
class Errand:
    """What a group lacks at the platform: ``code`` (a way to join, or its picture) or ``welcome`` (its text there)."""

    kind: str
    number: int
    account: str
    chat_id: str
    name: str
    join_id: str
    text: str
    welcome_id: str


# -- finding -----------------------------------------------------------------------------------------------------------


def listed(tx: Tx) -> list[Chat]:
    """Every group there is and has been read, the oldest first."""
    there = select(Chat).where(Chat.dismissed_at.is_(None), Chat.read_at.is_not(None))
    return list(tx.session.scalars(there.order_by(Chat.id)))


def find(tx: Tx, name: str) -> Chat | None:
    """The one group of that name or number, also with 社群 before it; None where there is none, or several."""
    plain = _plain(name)
    wanted = {plain, *(plain.removeprefix(word).strip() for word in _PREFIXES)} - {""}
    there = listed(tx)
    for fits in (
        [chat for chat in there if _plain(chat.name) == plain],
        [chat for chat in there if _plain(chat.name) in wanted or str(chat.id) in wanted],
    ):
        if len(fits) == 1:
            return fits[0]
    return None


def named(tx: Tx, name: str) -> Chat:
    """As `find`. Raises Refusal that names the nearest, or the numbers of several with one name."""
    found = find(tx, name)
    if found is not None:
        return found
    there = listed(tx)
    if not there:
        raise Refusal(NO_GROUP)
    same = [chat for chat in there if _plain(chat.name) == _plain(name)]
    if same:
        raise Refusal(f"有 {len(same)} 个群都叫“{name}”，请用编号：{'、'.join(str(chat.id) for chat in same)}")
    names = [chat.name for chat in there]
    near = get_close_matches(name, names, n=3, cutoff=0.3) or names[:5]
    raise Refusal(f"没有叫“{name[:20]}”的群。现在有：{'、'.join(near)}")


def split(tx: Tx, words: str) -> tuple[Chat, str]:
    """The group a text begins with, and the rest of it; the only group where the text names none. Raises Refusal."""
    there = sorted(listed(tx), key=lambda chat: -len(chat.name))
    for chat in there:
        if (
            words.startswith(chat.name)
            and chat.name
            and (rest := words[len(chat.name) :])[:1] in ("", " ", "\n", "：", ":", "，")
        ):
            return _one_of(there, chat), rest.strip(" \n：:，")
    first, _, rest = words.replace("\n", " \n", 1).partition(" ")
    if first and (meant := find(tx, first)):
        return meant, rest.strip()
    if rest and _GROUP_NAME.fullmatch(first):
        return named(tx, first), rest.strip()  # which refuses it: a misspelt name must not be part of a text
    if len(there) == 1:
        return there[0], words.strip()
    if not there:
        raise Refusal(NO_GROUP)
    raise Refusal(f"哪个群？把群名写在最前面：{'、'.join(chat.name for chat in there[:5])}")


def _one_of(there: Sequence[Chat], chat: Chat) -> Chat:
    same = [one for one in there if one.name == chat.name]
    if len(same) > 1:
        raise Refusal(f"有 {len(same)} 个群都叫“{chat.name}”，请用编号：{'、'.join(str(one.id) for one in same)}")
    return chat


def _plain(name: str) -> str:
    return normalise(name).casefold().replace(" ", "")


def host(tx: Tx, chat: Chat) -> str:
    """What the group's host is called."""
    return friends.members_of(tx, chat.account).get(chat.owner, chat.owner)


def words(tx: Tx, chat: Chat) -> str:
    """``社群“老客群”（现在 58 人，群主 小丽）``."""
    there = membership.counts(tx, tx.now, chat).get(chat.id, (0, 0, 0))[0]
    return f"社群“{chat.name}”（现在 {there} 人，群主 {host(tx, chat)}）"


def welcome_shown(text: str) -> str:
    """A welcome as staff write it; the platform has a word of its own for the newcomer's name."""
    return text.replace(NICKNAME, "{{称呼}}")


# -- what the platform is to do ----------------------------------------------------------------------------------------


def errands(tx: Tx, account: str) -> list[Errand]:
    """What the account's groups lack at the platform, as of now."""
    lacks = or_(
        Chat.code_wanted & (Chat.join_picture == ""),
        (Chat.purpose != "") & (Chat.join_picture == ""),
        Chat.welcome != Chat.welcome_there,
    )
    mine = (Chat.account == account, Chat.dismissed_at.is_(None), Chat.read_at.is_not(None), lacks)
    ready = or_(Chat.retry_at.is_(None), Chat.retry_at <= tx.now)
    found: list[Errand] = []
    for chat in tx.session.scalars(select(Chat).where(*mine, ready).order_by(Chat.id)):
        asked = (chat.id, chat.account, chat.chat_id, chat.name, chat.join_id)
        if (chat.code_wanted or chat.purpose) and not chat.join_picture:
            found.append(Errand("code", *asked, "", ""))
        if chat.welcome != chat.welcome_there:
            found.append(Errand("welcome", *asked, chat.welcome, chat.welcome_id))
    return found


def has_code(tx: Tx, errand: Errand, join_id: str, picture: str) -> Chat:
    chat = tx.session.get_one(Chat, errand.number)
    chat.join_id, chat.join_picture, chat.failure, chat.retry_at = join_id, picture, "", None
    return chat


def has_welcome(tx: Tx, errand: Errand, welcome_id: str) -> Chat:
    chat = tx.session.get_one(Chat, errand.number)
    chat.welcome_there, chat.welcome_id, chat.failure, chat.retry_at = errand.text, welcome_id, "", None
    return chat


def failed(tx: Tx, errand: Errand, why: str, retry_at: datetime) -> tuple[Chat, bool]:
    """The platform did not do it; also whether that is news."""
    chat = tx.session.get_one(Chat, errand.number)
    is_news = chat.failure != why
    chat.failure, chat.retry_at = why, retry_at
    return chat, is_news


def try_now(chat: Chat, staff_id: int) -> None:
    """Somebody wants something of the platform and waits to hear of it."""
    chat.retry_at, chat.failure, chat.tell = None, "", staff_id


# -- the list and its readings -----------------------------------------------------------------------------------------


def listed_on(tx: Tx, account: str) -> str:
    """The day for which the account's list was last gone through, empty for never."""
    found = tx.session.get(ChatListing, account)
    return found.day if found is not None else ""


def list_anew(tx: Tx, account: str) -> None:
    """The account's list is to be gone through once more, whatever the day."""
    found = tx.session.get(ChatListing, account)
    if found is not None:
        found.day = ""


def went_through(tx: Tx, account: str, day: str, found: Collection[str]) -> None:
    """The account's whole list was read: each group is to be read, those that are not in it as well, to see whether they
    are no more."""
    known = {chat.chat_id for chat in tx.session.scalars(select(Chat).where(Chat.account == account))}
    tx.session.add_all(
        Chat(account=account, chat_id=chat_id, next_read_at=tx.now) for chat_id in found if chat_id not in known
    )
    still = update(Chat).where(Chat.account == account, Chat.dismissed_at.is_(None))
    tx.execute(still.values(next_read_at=tx.now, reads=case((Chat.chat_id.in_(list(found)), 0), else_=UNLISTED)))
    listing = tx.session.get(ChatListing, account)
    if listing is None:
        tx.session.add(ChatListing(account=account, day=day))
    else:
        listing.day = day
    tx.session.flush()


def unreadable(tx: Tx, number: int) -> bool:
    """The platform will not show a group. Where its list does not name it either it is no more; otherwise (a right that is
    missing) it is read again at night. Returns whether it is no more."""
    chat = tx.session.get_one(Chat, number)
    chat.next_read_at = None
    return chat.reads == UNLISTED


def to_read(tx: Tx, account: str, most: int) -> list[tuple[int, str]]:
    """Groups to be read now (number, the platform's id), those waiting longest first."""
    due = select(Chat.id, Chat.chat_id).where(
        Chat.account == account, Chat.dismissed_at.is_(None), Chat.next_read_at <= tx.now
    )
    return [(number, chat_id) for number, chat_id in tx.execute(due.order_by(Chat.next_read_at, Chat.id).limit(most))]


# -- the content calendar ----------------------------------------------------------------------------------------------


def plan(
    tx: Tx, chat: Chat, *, title: str, text: str, every: str, at: datetime, sends: bool, staff_id: int
) -> ChatPost:
    """An entry of the calendar, next due at ``at``."""
    post = ChatPost(
        chat_number=chat.id,
        title=title,
        text=text,
        every=every,
        next_at=at,
        sends=sends,
        staff_id=staff_id,
        created_at=tx.now,
    )
    tx.session.add(post)
    tx.session.flush()
    return post


def calendar(tx: Tx, chat: Chat | None = None) -> list[tuple[ChatPost, Chat]]:
    """What is still to come, the next one first; of one group, or of all."""
    rows = (
        select(ChatPost, Chat)
        .join(Chat, Chat.id == ChatPost.chat_number)
        .where(ChatPost.cancelled_at.is_(None), ChatPost.next_at.is_not(None), Chat.dismissed_at.is_(None))
    )
    if chat is not None:
        rows = rows.where(Chat.id == chat.id)
    return [(post, whose) for post, whose in tx.session.execute(rows.order_by(ChatPost.next_at, ChatPost.id))]


def cancel(tx: Tx, number: int) -> tuple[ChatPost, Chat]:
    """Takes an entry off the calendar. Raises Refusal for a number that is none of it."""
    for post, chat in calendar(tx):
        if post.id == number:
            post.cancelled_at = tx.now
            return post, chat
    raise Refusal(f"社群日历里没有 {number}。看全部：社群 日历")


def due(tx: Tx, now: datetime) -> list[int]:
    """Entries whose hour has come."""
    waits = (ChatPost.cancelled_at.is_(None), ChatPost.next_at <= now)
    return list(tx.session.scalars(select(ChatPost.id).where(*waits).order_by(ChatPost.next_at, ChatPost.id)))


def take(tx: Tx, shop: Settings, number: int) -> tuple[ChatPost, Chat, datetime] | None:
    """An entry that is ours to carry out, its group and its hour; the update names the hour, so that one scheduler gets it.

    A clock that jumped gives one reminder, not one for each week that was missed; a group that is no more the last one.
    """
    post = tx.session.get(ChatPost, number)
    if post is None or post.next_at is None:
        return None
    hour, chat = post.next_at, tx.session.get_one(Chat, post.chat_number)
    goes_on = bool(post.every) and chat.dismissed_at is None
    following = read_recurrence(post.every).after(tx.now.astimezone(shop.timezone)) if goes_on else None
    mine = update(ChatPost).where(ChatPost.id == number, ChatPost.next_at == hour, ChatPost.cancelled_at.is_(None))
    if tx.execute(mine.values(next_at=following, last_at=hour)).rowcount != 1:
        return None
    tx.session.refresh(post)
    return post, chat, hour


# -- group sends -------------------------------------------------------------------------------------------------------


def send(tx: Tx, chats: Sequence[Chat], text: str, *, key: str, not_after: datetime | None = None) -> None:
    """Asks the host of each group to send a text there; nothing is sent before the host confirms it."""
    hosted: dict[tuple[str, str], list[str]] = {}
    for chat in chats:
        hosted.setdefault((chat.account, chat.owner), []).append(chat.chat_id)
    for (account, owner), chat_ids in hosted.items():
        tasks.send_to_chats(
            tx,
            account=account,
            sender=owner,
            chat_ids=chat_ids,
            payload={"type": "text", "text": text},
            key=key,
            not_after=not_after,
        )


def serving(tx: Tx) -> dict[str, Chat]:
    """The default groups there are, by purpose."""
    return {chat.purpose: chat for chat in listed(tx) if chat.purpose in PURPOSES}
