"""What people can mean: one small class per intent, its slots typed.

Slots hold what was said, not what the database knows: a ``Whom`` is still to be looked up, a segment is the expression
as typed. Money is integer fen. Times are aware datetimes in the shop's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Whom:
    """How somebody pointed at a customer.

    ``kind``: ``number`` (``#12``), ``phone`` (11 digits), ``tail`` (last four digits of a phone), ``pronoun``
    (``他``/``她``/``上一个``) or ``name`` (anything else, also pinyin and initials). ``text`` is what was typed, digits
    only for the first three kinds.
    """

    kind: Literal["number", "phone", "tail", "pronoun", "name"]
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """Base of all intents."""


# --- what staff say -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Help(Intent):
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Bind(Intent):
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BindElsewhere(Intent):
    """``绑定`` alone: a code by which the same person is staff in another account too."""


@dataclass(frozen=True, slots=True)
class StaffList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class StaffInvite(Intent):
    pass


@dataclass(frozen=True, slots=True)
class StaffRemove(Intent):
    who: str


@dataclass(frozen=True, slots=True)
class StaffHandOver(Intent):
    """``员工 交接 小李 小王``: names or numbers of staff."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Keeper(Intent):
    """``负责 小美 小李``: who looks after these customers; ``who`` empty: nobody."""

    whom: tuple[Whom, ...]
    who: str = ""


@dataclass(frozen=True, slots=True)
class Show(Intent):
    """``查 <谁>``: the customer's card."""

    whom: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class Rename(Intent):
    whom: Whom
    name: str


@dataclass(frozen=True, slots=True)
class Unnamed(Intent):
    """``新客``: customers without a name."""


@dataclass(frozen=True, slots=True)
class Enrol(Intent):
    """``新客 张姐 13800138000 微信 zhang88``: a regular who follows nothing yet."""

    name: str
    phone: str = ""
    wechat: str = ""


@dataclass(frozen=True, slots=True)
class Tag(Intent):
    """Adds and removes tags. Class codes stand among them as typed (``VIP``, ``Y``)."""

    whom: tuple[Whom, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagSegment(Intent):
    """``批量标签 <人群> +节日``."""

    segment: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagBook(Intent):
    pass


@dataclass(frozen=True, slots=True)
class TagJoin(Intent):
    """``标签 合并 旧 到 新``."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TagDelete(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class RuleList(Intent):
    """``规则``: the tags that rules put on."""


@dataclass(frozen=True, slots=True)
class RuleChange(Intent):
    """``规则 关 流失预警``, ``规则 流失预警 45天``. ``number``: whole, of ``unit`` 次, %, 天, 元 or none said."""

    name: str
    enabled: bool | None = None
    number: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Visit(Intent):
    """``到店 <谁>``."""

    whom: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class Purchase(Intent):
    """``消费 <谁> 298 连衣裙 A102 [备注…]``; an empty ``whom`` is a passer-by (``散客``)."""

    whom: tuple[Whom, ...]
    amount_fen: int
    items: str = ""
    note: str = ""
    in_shop: bool = True


@dataclass(frozen=True, slots=True)
class Refund(Intent):
    """``退款 <谁> 298`` or ``退款 单号12 [298]``; ``amount_fen`` None = not said."""

    whom: Whom | None = None
    order: int | None = None
    amount_fen: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grade(Intent):
    whom: tuple[Whom, ...]
    grade: Literal["S", "A", "B", "C", "D", "F"]


@dataclass(frozen=True, slots=True)
class FollowUp(Intent):
    """``跟进 <谁> b 聊了价格 下次发新款图 周五 预计500``."""

    whom: Whom
    level: Literal["a", "b", "c", "d"] | None
    said: str = ""
    next_step: str = ""
    due: datetime | None = None
    expected_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Deal(Intent):
    """``成交 <谁> 298 连衣裙``: agreed, not yet ordered (stage ①)."""

    whom: Whom
    amount_fen: int
    items: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Orders(Intent):
    """``订单 <谁> [第2页]``; pages count from 1, the newest first."""

    whom: Whom
    page: int = 1


@dataclass(frozen=True, slots=True)
class Receipts(Intent):
    """``今天收款``, ``收款 9月``: what came in from ``since`` to before ``until``; ``period`` as to be shown."""

    period: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class CloseMonth(Intent):
    """``月结 9月``; ``month`` is its first day."""

    month: date


@dataclass(frozen=True, slots=True)
class Unclaimed(Intent):
    """``未认领 [第2页]``: payments of bills of which nobody knows yet whose they are."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class Claim(Intent):
    """``认领 3 小美|单号12|散客|另一笔``; ``payment`` None = every one that may be booked already (``认领 全部``).

    ``meant``: a ``customer``'s, the same as an ``order``, the ``same`` as the order shown beside it, ``another`` than
    that one, or ``nobody``'s (a passer-by).
    """

    payment: int | None
    meant: Literal["customer", "order", "same", "another", "nobody"]
    whom: Whom | None = None
    order: int = 0


@dataclass(frozen=True, slots=True)
class Ordered(Intent):
    """``下单 12`` → stage ②."""

    order: int


@dataclass(frozen=True, slots=True)
class Shipped(Intent):
    """``发货 12 顺丰 SF123456`` → stage ②, with the parcel number."""

    order: int
    carrier: str = ""
    parcel: str = ""


@dataclass(frozen=True, slots=True)
class Delivered(Intent):
    """``签收 12`` → stage ③."""

    order: int


@dataclass(frozen=True, slots=True)
class UsedUp(Intent):
    """``用完 12`` (now) or ``用完 12 30天后`` (expected then) → stage ④."""

    order: int
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Segment(Intent):
    """``人群 <人群>``: count with three examples."""

    expression: str


@dataclass(frozen=True, slots=True)
class SegmentSave(Intent):
    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class SegmentList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class SegmentDelete(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class SegmentRename(Intent):
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class WhySegment(Intent):
    """``为什么 小美 不在 <人群>``, also where she is in it."""

    whom: Whom
    expression: str


@dataclass(frozen=True, slots=True)
class WhyBroadcast(Intent):
    """``为什么 小美 没收到 12``; ``broadcast`` None = the latest."""

    whom: Whom
    broadcast: int | None


@dataclass(frozen=True, slots=True)
class ScriptList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class ScriptBoard(Intent):
    """``话术 榜``: which scripts work for which class."""


@dataclass(frozen=True, slots=True)
class ScriptShow(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class ScriptNew(Intent):
    """The text follows in the next message, unless it was given on further lines of this one (``text``, as typed).

    ``kind``: text, image, news (a link) or menu.
    """

    name: str
    text: str = ""
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class ScriptEdit(Intent):
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ScriptTry(Intent):
    name: str
    whom: Whom


@dataclass(frozen=True, slots=True)
class Broadcast(Intent):
    """``群发 <人群> 用 话术1[/话术2/话术3] [时间] [实时] [对照10%] [人人一样] [避开疲劳] [每小时50位|分3天]``.

    ``at`` None = now; ``hold_out`` in percent. ``plain``: without names, the same for all. ``spares_tired``: not to who has
    had too much lately. ``every``: a time that comes again and again, as `read_recurrence` reads it. At human pace:
    ``per_hour`` people, or over so many ``days``. ``live``: to whom the segment names by the time it goes.
    """

    segment: str
    scripts: tuple[str, ...]
    at: datetime | None = None
    hold_out: int = 0
    plain: bool = False
    spares_tired: bool = False
    every: str = ""
    per_hour: int | None = None
    days: int | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class BroadcastList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class BroadcastStep(Intent):
    """``进度|暂停|继续|取消|结果|回复 12``, ``结果 12 未知``; ``broadcast`` None = the word alone."""

    step: Literal["progress", "pause", "resume", "cancel", "result", "replies", "unclear"]
    broadcast: int | None = None


@dataclass(frozen=True, slots=True)
class Correct(Intent):
    """``更正 12 用 话术 [时间]``: to exactly those who got broadcast 12, or may have."""

    broadcast: int
    script: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resend(Intent):
    """``重发 12``: once more to those of broadcast 12 with whom it failed, never to those nobody can tell about."""

    broadcast: int


@dataclass(frozen=True, slots=True)
class Checked(Intent):
    """``核对 12 小美、#5 收到了|没收到``: what people say about messages nobody could tell about; no ``whom`` = 全部."""

    broadcast: int
    received: bool
    whom: tuple[Whom, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirm(Intent):
    """``确认 7F3K``."""

    code: str


@dataclass(frozen=True, slots=True)
class Choice(Intent):
    """A bare number: answers the open numbered list."""

    number: int


@dataclass(frozen=True, slots=True)
class Drop(Intent):
    """``算了``, ``取消``, ``不对``: what was asked last is not to be done.

    ``cancels``: said with 取消, which may mean a broadcast. ``doubts``: something is wrong, maybe with what was done last.
    """

    cancels: bool = False
    doubts: bool = False


@dataclass(frozen=True, slots=True)
class Courtesy(Intent):
    """``你好``, ``谢谢``: asks for nothing. ``thanks``: and needs no answer but a kind one."""

    thanks: bool = False


@dataclass(frozen=True, slots=True)
class Yes(Intent):
    """``是``: does what was shown as heard or offered last."""


@dataclass(frozen=True, slots=True)
class ActivityList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class ActivityNew(Intent):
    """``活动 新建 会员茶会 周六14:00 名额20 地点 本店 [对象 VIP]``; ``capacity`` None = unlimited."""

    title: str
    at: datetime | None = None
    capacity: int | None = None
    place: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class ActivityRoster(Intent):
    activity: int


@dataclass(frozen=True, slots=True)
class ActivityClose(Intent):
    activity: int


@dataclass(frozen=True, slots=True)
class SignUp(Intent):
    """``报名 3 <谁>``, ``取消报名 3 <谁>`` (``leaves``): staff put down who told them."""

    activity: int
    whom: tuple[Whom, ...]
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Marketing(Intent):
    """``退订 <谁>``, ``订阅 <谁>`` (``wanted``): staff put down a wish the customer told them."""

    whom: tuple[Whom, ...]
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Apart(Intent):
    """``拆开 <谁>``: what was put together by itself were two people."""

    whom: Whom


@dataclass(frozen=True, slots=True)
class CheckIn(Intent):
    """``签到 3 <谁>``."""

    activity: int
    whom: Whom


@dataclass(frozen=True, slots=True)
class Calendar(Intent):
    pass


@dataclass(frozen=True, slots=True)
class CalendarAdd(Intent):
    """``日历 添加 店庆 10月18日 每年``; ``lunar`` dates keep month and day as said, ``day`` is then (month, day)."""

    title: str
    month: int
    day: int
    year: int | None = None
    lunar: bool = False
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Remind(Intent):
    """``提醒 周五15:00 给张姐打电话``."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Reminders(Intent):
    """``提醒``: one's own, those still to come."""


@dataclass(frozen=True, slots=True)
class RemindCancel(Intent):
    """``提醒 取消 2``."""

    reminder: int


@dataclass(frozen=True, slots=True)
class Snooze(Intent):
    """``推迟 半小时``: what was just reminded of; ``推迟 提醒2 明天``: the reminder of that number (0: not said)."""

    until: datetime
    reminder: int = 0


@dataclass(frozen=True, slots=True)
class PacketPlan(Intent):
    """``红包 计划 中秋 老客群 200元 20个 提前1天``; ``remind_days`` None = not said."""

    holiday: str
    group: str
    budget_fen: int
    count: int
    wishes: str = ""
    remind_days: int | None = None


@dataclass(frozen=True, slots=True)
class PacketList(Intent):
    pass


@dataclass(frozen=True, slots=True)
class PacketDone(Intent):
    """``红包 已发 3 [实发180元]``."""

    packet: int
    spent_fen: int | None = None


@dataclass(frozen=True, slots=True)
class PacketCancel(Intent):
    """``红包 取消 3``."""

    packet: int


@dataclass(frozen=True, slots=True)
class PacketBudget(Intent):
    """``红包 预算`` (look), ``红包 预算 每月 500元``, ``红包 预算 每年 不限`` (``most_fen`` 0)."""

    span: str = ""
    most_fen: int | None = None


@dataclass(frozen=True, slots=True)
class CareList(Intent):
    """``关怀``: all occasions, and where their switches stand."""


@dataclass(frozen=True, slots=True)
class CareShow(Intent):
    """``关怀 中秋``."""

    occasion: str


@dataclass(frozen=True, slots=True)
class CareSwitch(Intent):
    """``关怀 开 中秋``; ``position`` off, remind or send; ``occasion`` empty = all of them (关怀 全关)."""

    position: str
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class CareChange(Intent):
    """``关怀 改 中秋 人群 M 话术 中秋祝福 礼物 月饼一块 提前3天 10:30 营销``; None: not said.

    ``hour`` as ``10:30``, ``purpose`` marketing or service; a ``gift`` of "" takes it out.
    """

    occasion: str
    segment: str | None = None
    script: str | None = None
    remind_days: int | None = None
    hour: str | None = None
    purpose: str | None = None
    gift: str | None = None


@dataclass(frozen=True, slots=True)
class YearAhead(Intent):
    """``明年今天``: what would go out in the next twelve months."""


@dataclass(frozen=True, slots=True)
class Today(Intent):
    pass


@dataclass(frozen=True, slots=True)
class NextBatch(Intent):
    pass


@dataclass(frozen=True, slots=True)
class TaskDone(Intent):
    """``完成 3 [说了什么]``."""

    task: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class TaskLater(Intent):
    """``推迟 3 明天``."""

    task: int
    until: datetime


@dataclass(frozen=True, slots=True)
class TaskText(Intent):
    """``文案 3``."""

    task: int


@dataclass(frozen=True, slots=True)
class Waiting(Intent):
    """``待回``: customers waiting for an answer."""


@dataclass(frozen=True, slots=True)
class Answer(Intent):
    """``回 <谁> …``; the text as typed."""

    whom: Whom
    text: str = ""


@dataclass(frozen=True, slots=True)
class Note(Intent):
    """``备注 <谁> …``; the text as typed."""

    whom: Whom
    text: str


@dataclass(frozen=True, slots=True)
class OpenCase(Intent):
    """``立案 <谁> [什么事]``: staff take what a customer said for a complaint."""

    whom: Whom
    text: str = ""


@dataclass(frozen=True, slots=True)
class History(Intent):
    """``历史 <谁>``, ``历史 <谁> 2``: a page of the timeline, the newest first."""

    whom: Whom
    page: int = 1


@dataclass(frozen=True, slots=True)
class Notices(Intent):
    """``通知`` and ``通知 测试``."""

    test: bool = False


@dataclass(frozen=True, slots=True)
class Menu(Intent):
    """``菜单``, ``菜单 恢复`` (the one from before), ``菜单 熟客`` (ours)."""

    put: Literal["", "before", "ours"] = ""


@dataclass(frozen=True, slots=True)
class Forecast(Intent):
    """``预测``."""


@dataclass(frozen=True, slots=True)
class Undo(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Later(Intent):
    """A word whose room is not open yet (群, 推荐, 报表 …): answered honestly."""

    word: str


@dataclass(frozen=True, slots=True)
class Several(Intent):
    """``小美 到店 消费298 +VIP``: clauses that are done together, in this order, or not at all."""

    clauses: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class CaseList(Intent):
    """``投诉``: what customers complained about and suggested."""


@dataclass(frozen=True, slots=True)
class CaseShow(Intent):
    """``投诉 5``."""

    number: int


@dataclass(frozen=True, slots=True)
class More(Intent):
    """``更多``: the next page of the answer before."""


# --- what customers say ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallMe(Intent):
    name: str


@dataclass(frozen=True, slots=True)
class Activities(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Join(Intent):
    """``报名 3``; None = the word alone. ``odd``: what stood there instead of a number (``报名 abc``)."""

    activity: int | None = None
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Leave(Intent):
    """``取消报名 3``; like ``Join``."""

    activity: int | None = None
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Mine(Intent):
    pass


@dataclass(frozen=True, slots=True)
class OptOut(Intent):
    pass


@dataclass(frozen=True, slots=True)
class OptOutHint(Intent):
    """Perhaps a wish to opt out: tell them the word, change nothing."""


@dataclass(frozen=True, slots=True)
class OptIn(Intent):
    pass


@dataclass(frozen=True, slots=True)
class Complain(Intent):
    """``投诉 …``, ``建议 …``, ``人工``; also plain anger (``angry``), which is put on top."""

    kind: Literal["complaint", "suggestion", "person", "angry"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class FreeTalk(Intent):
    """Anything else: kept and put before staff."""

    text: str


# --- what could not be understood ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotUnderstood(Intent):
    """``problem``: the Chinese sentence naming the part that is wrong and an example; ``nearest``: forms to offer.

    ``ready``: of these the ones made of what was typed, which a number may carry out as they stand. ``is_free``: no verb
    of ours was found; the line may be talk, a note, or speak of a customer in an order of its own.
    """

    problem: str
    nearest: tuple[str, ...] = field(default=())
    is_free: bool = False
    ready: tuple[str, ...] = ()
