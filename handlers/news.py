"""News on top of an answer: what could not be pushed, as far as both fit on a phone."""

from __future__ import annotations

from bot.domain.merchants import desk, notices
from bot.language.customer_intents import Unnamed
from bot.language.whom import says_number
from bot.language.work_intents import NextBatch, Today, Waiting
from bot.store.transaction import Tx
from handlers.pages import PAGE, REPLY_LIMIT, first_page

NEWS_LIMIT = 900  # bytes of news on top of an answer: the answer is what was asked for
NEWS_AT_LEAST = 180  # bytes below which news would only be cut words
PAGE_UNDER_NEWS = 400  # characters of an answer that has pages anyway, where news wait to be told above it
# Lists that show by themselves what such news would tell above them.
TOLD_BY = {Unnamed: "new_customer", Waiting: "reply", Today: "reply", NextBatch: "reply"}


class News:
    """What a staff member had not heard when their line came.

    What that very line gives rise to (通知 测试) comes by itself, like everybody else's news.
    """

    def __init__(self, tx: Tx, staff_id: int) -> None:
        self._tx = tx
        self._staff_id = staff_id
        self._waited = {notice.id for notice in notices.open_notices(tx, staff_id)}
        is_all = len(self._waited) < notices.TOLD_AT_ONCE
        self._open = len(self._waited) if is_all else notices.count_open(tx, staff_id)

    def above(self, reply: str, *, told_by: str) -> str:
        """The first page of the answer, with what could not be pushed on top of it as far as both fit.

        ``told_by``: the kind of news the answer tells by itself.
        """
        tx = self._tx
        waiting = self._untold(reply, told_by)
        reply, rest = first_page(reply, PAGE_UNDER_NEWS if waiting and len(reply) > PAGE else PAGE)
        desk.keep_more(tx, self._staff_id, rest)
        if not waiting or not reply:
            return reply
        frame = f"🔔 {notices.rest_words(self._open)}\n\n{reply}"
        room = min(NEWS_LIMIT, REPLY_LIMIT - len(frame.encode()), 3 * (PAGE - len(frame)))
        news, told = notices.digest(waiting, room=room) if room >= NEWS_AT_LEAST else ("", [])
        if told and len(news) + len(frame) > PAGE:  # many letters of one byte
            news, told = notices.digest(waiting, room=PAGE - len(frame))
        notices.shown(tx, told)
        return f"🔔 {news}{notices.rest_words(self._open - len(told))}\n\n{reply}" if told else reply

    def _untold(self, reply: str, told_by: str) -> list[notices.Notice]:
        """The open notices, but for those of customers whom the answer lists anyway; those are told with it."""
        open_now = [one for one in notices.open_notices(self._tx, self._staff_id) if one.id in self._waited]
        told = [one for one in open_now if one.kind == told_by and not one.urgent and _lists(reply, one.subject)]
        notices.shown(self._tx, told)
        self._open -= len(told)
        return [one for one in open_now if one not in told]


def _lists(answer: str, subject: str) -> bool:
    """Whether an answer shows the customer whom a notice is about; its subject ends in the number."""
    number = subject.rpartition(":")[2]
    return number.isdecimal() and says_number(answer, int(number))
