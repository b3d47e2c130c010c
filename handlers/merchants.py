"""Staff among themselves: help, binding, the list of staff, confirming, taking back, notices."""

from __future__ import annotations

import re
from typing import Any

from bot.delivery import confirming, limits, outbox
from bot.delivery.limits import Rest
from bot.domain import journeys
from bot.domain.campaigns import service as campaigns
from bot.domain.customers import examples, friends, menu, timeline
from bot.domain.customers import service as customers
from bot.domain.journeys import Held
from bot.domain.merchants import changes, desk, notices
from bot.domain.merchants import service as merchants
from bot.domain.merchants.models import Staff, StaffIdentity
from bot.domain.orders import daybook
from bot.domain.orders.models import LedgerEntry
from bot.errors import Refusal
from bot.language import normalise
from bot.language.campaign_intents import BroadcastStep
from bot.language.help_texts import help_text
from bot.language.intents import (
    CallMe,
    Choice,
    Confirm,
    Courtesy,
    Drop,
    FreeTalk,
    Help,
    Later,
    More,
    NotUnderstood,
    Undo,
    Whom,
    Yes,
)
from bot.language.normalise import NAME_LIMIT, display_name
from bot.language.segment_intents import Segment
from bot.language.staff import understand
from bot.language.tag_intents import Tag
from bot.language.work_intents import (
    Bind,
    BindElsewhere,
    Keeper,
    Menu,
    Notices,
    StaffHandOver,
    StaffInvite,
    StaffList,
    StaffRemove,
)
from bot.platforms.abilities import abilities
from handlers.talk import WIDE, CustomerTalk, StaffTalk, Talk, names_of, on

ROLES = {"owner": "老板", "staff": "店员"}
APART = "要分开：请老板发送“员工 移除 {}”，再用“员工 邀请”的码各绑一次。"
CUT = f"（名字太长，只留前 {NAME_LIMIT} 个字）"

LESSON = (
    "连着几句没看懂。先说做什么，再说谁，再说内容，中间空一格：\n"
    "· 查 小美\n· 消费 小美 298 连衣裙\n· 小美 +VIP\n更多例子：帮助"
)

# Not where a name is given: whoever is in the file already is no new one.
_STAND_INS = re.compile("(?<!新客 )(?<!改名 #12 )(?:小美|张姐)|老客(?![群未])")


@on.staff(Help)
def help_(talk: StaffTalk) -> str:
    return with_own_names(talk, help_text(talk.intent.topic))


@on.staff(NotUnderstood)
def not_understood(talk: StaffTalk) -> str:
    """Names what was not understood; the lines offered in its place are done with a bare number, none by itself."""
    problem, nearest = talk.intent.problem, talk.intent.nearest
    # What the sentence itself shows need not stand below it once more.
    unsaid = [form for form in nearest if form not in problem]
    ready = [form for form in unsaid if form in talk.intent.ready or _is_own(form, talk.line)]
    if ready and desk.open_question(talk.tx, talk.staff.id) is None:
        desk.ask(talk.tx, talk.staff.id, desk.Question("offer", {"line": talk.line, "options": ready}, ready))
    else:
        ready = []
    offers = [f"{number}. {form}" for number, form in enumerate(ready, start=1)]
    offers += [f"· {with_own_names(talk, form)}" for form in unsaid if form not in ready]
    lines = [problem]
    if offers:
        lines += [f"您是不是要说{'（回复数字就照做）' if ready else ''}：", *offers]
    elif not nearest:
        lines.append("发送“帮助”看能说什么。")
    if desk.is_lost(talk.tx, talk.staff.id, understood=False):
        lines.append(with_own_names(talk, LESSON))
    return "\n".join(lines)


def _is_own(form: str, line: str) -> bool:
    """Whether an offered line says only what staff typed, but for its verb: an example's customer is nobody's wish."""
    typed = normalise(line)
    verb, *words = normalise(form).split(" ")
    if not words:
        return verb in (
            "帮助",
            "今日",
            "待回",
            "新客",
            "标签",
            "人群",
            "话术",
            "活动",
            "日历",
            "红包",
            "员工",
            "通知",
            "投诉",
            "撤销",
            "暂停",
            "更多",
            "下一批",
        )
    return all(word in typed for word in words) or all(word.lstrip("+") in typed for word in [verb, *words])


def with_own_names(talk: StaffTalk, text: str) -> str:
    """Examples about this shop's own customers and tags instead of invented ones, where it has some."""
    own = examples.of_the_shop(talk.tx)
    # A customer may be called like a verb, a tag like a term; their lines would mean something else.
    names = [name for name in own.names if understand(f"{name} +VIP", talk.now) == Tag((Whom("name", name),), ("VIP",))]
    names = [name for name in names if re.fullmatch("[\u4e00-\u9fff]{2,4}", name)]
    tags = [
        tag for tag in own.tags if understand(f"人群 {tag}", talk.now) == Segment(tag) and re.fullmatch(r"\w{1,8}", tag)
    ]
    stand_in = dict(zip(("小美", "张姐"), names, strict=False)) | dict(zip(("老客",), tags, strict=False))
    return _STAND_INS.sub(lambda match: stand_in.get(match.group(), match.group()), text)


@on.staff(More)
def more(talk: StaffTalk) -> str:
    return desk.more(talk.tx, talk.staff.id) or "没有更多了（长的回复留 30 分钟）。要再看，把刚才的口令再发一次。"


@on.staff(FreeTalk)
def free_talk(_talk: StaffTalk) -> str:
    return "没看懂这句话，什么都没有改。发送“帮助”看能说什么。"


@on.staff(Later)
def later(talk: StaffTalk) -> str:
    return f"“{talk.intent.word}”还没有开张，以后的版本会有。现在能用的，发送“帮助”看看。"


@on.customer(Later)
def later_for_customers(talk: CustomerTalk) -> str:
    return f"“{talk.intent.word}”还没有开通，开通了会告诉您。有事直接说，店里的人会看到。"


@on.staff(Choice)
def choice_without_question(_talk: StaffTalk) -> str:
    return "现在没有等您选的清单（清单 5 分钟内有效）。请把刚才的口令再发一次。"


@on.staff(Yes)
def yes_without_question(talk: StaffTalk) -> str:
    """A yes is not enough for what has a code: the code is what says which of them."""
    if codes := desk.open_codes(talk.tx, talk.staff.id):
        return f"还差四位确认码，照着发就做：{'，或 '.join(f'确认 {code}' for code in codes)}\n不做了就回“算了”。"
    return "好的。现在没有等您确认的事，要做什么直接说。"


@on.staff(Drop)
def drop(talk: StaffTalk) -> str:
    """What waits for a code is not done. Without any, 取消 alone means the broadcast."""
    if codes := desk.drop_codes(talk.tx, talk.staff.id):
        return f"好，不做了，确认码作废：{'、'.join(codes)}。什么都没有改。"
    if talk.intent.cancels:
        talk.intent = BroadcastStep("cancel")
        return str(on.find("staff", BroadcastStep)(talk))  # type: ignore[misc]
    if talk.intent.doubts:
        return "哪里不对？要退回刚才的改动，发送：撤销"
    return "好的，什么都没有改。要退回刚做过的，发送：撤销"


@on.staff(Courtesy)
def courtesy(talk: StaffTalk) -> str:
    return "好嘞，有事随时叫我。" if talk.intent.thanks else "在的，您说。不知道怎么说就发：帮助"


@on.customer(Bind)
def bind_newcomer(talk: CustomerTalk) -> str:
    customer = talk.customer()
    bound = merchants.bind(
        talk.tx,
        account=talk.message.account,
        person_id=talk.message.sender,
        code=talk.intent.code,
        name=talk.intent.name or customer.own_name or customer.name or "",
    )
    staff = bound.staff
    if not staff.name:
        staff.name = f"{ROLES[staff.role]}{staff.id}"
    customers.become_staff(talk.tx, talk.message.account, talk.message.sender)
    if bound.joined:
        return f"{_joined(staff)}\n{APART.format(staff.name)}"
    welcome = f"绑定好了，{staff.name}，您是这家店的{ROLES[staff.role]}。"
    return f"{welcome}\n发送“帮助”看能说什么，例如：\n· 新客\n· 查 张三\n· 今日"


@on.staff(Bind)
def bind_again(talk: StaffTalk) -> str:
    bound = merchants.bind(
        talk.tx,
        account=talk.message.account,
        person_id=talk.message.sender,
        code=talk.intent.code,
        name=talk.intent.name,
    )
    staff = bound.staff
    if bound.joined:
        if bound.before is not None:
            journeys.join_staff(talk.tx, bound.before, staff)
        talk.final(APART.format(staff.name))
        return f"{_joined(staff)}\n{APART.format(staff.name)}"
    talk.final("绑定码只能用一次。要取消身份，请老板“员工 移除”。")
    return f"绑定好了，{staff.name}，您现在是{ROLES[staff.role]}。"


def _joined(staff: Staff) -> str:
    return f"绑定好了，{staff.name}，两个账号里现在都是您（{ROLES[staff.role]}）：顾客、清单、通知是同一份。"


@on.staff(BindElsewhere)
def bind_elsewhere(talk: StaffTalk) -> str:
    code = merchants.own_code(talk.tx, talk.staff)
    return (
        f"您在店里另一个账号（公众号或企业微信）也说话的话，用那边的微信发：\n绑定 {code}\n"
        "两边就是同一位店员（10 分钟内有效，只能用一次，别给别人）。\n收到的是老板的邀请，就把码一起发：绑定 CODE"
    )


@on.staff(CallMe)
def call_me(talk: StaffTalk) -> str:
    """Who was made staff by the company's list has no other name than the one there."""
    name, cut = display_name(talk.intent.name)
    if not name:
        raise Refusal("这个名字里没有看得见的字，没有改。例如：我叫小李")
    before = talk.staff.name
    merchants.call(talk.staff, name)
    talk.final(f"换了称呼。要换回来，发送：我叫{before}")
    return f"好的，以后您就是{name}{CUT if cut else ''}。"


@on.staff(StaffList)
def list_staff(talk: StaffTalk) -> str:
    kept = customers.kept_by(talk.tx)
    lines = [
        f"{staff.id}. {staff.name} · {ROLES[staff.role]}{f' · 顾客 {kept[staff.id]} 位' if kept.get(staff.id) else ''}"
        for staff in merchants.active_staff(talk.tx)
    ]
    return (
        "员工：\n" + "\n".join(lines) + "\n邀请新店员：员工 邀请\n移除：员工 移除 名字或编号\n交接：员工 交接 编号 编号"
    )


@on.staff(StaffInvite)
def invite(talk: StaffTalk) -> str:
    merchants.require_owner(talk.staff, "邀请店员")
    code = merchants.invite(talk.tx, role="staff")
    if talk.can.members:
        return (
            "同事在企业微信里给这个应用发一句话就是店员，不用邀请。"
            f"移除过的同事要回来，或另一个账号上的店员，请 TA 发送：\n绑定 {code} 名字\n（7 天内有效，只能用一次）"
        )
    return f"请新店员关注公众号后发送：\n绑定 {code} 名字\n（7 天内有效，只能用一次）"


@on.staff(StaffRemove)
def remove(talk: StaffTalk) -> str:
    merchants.require_owner(talk.staff, "移除店员")
    gone = journeys.dismiss(talk.tx, talk.intent.who)
    talk.label(f"移除 {gone.name}")
    talk.final("已经生效。要请回来，发送“员工 邀请”。")
    rest = only_theirs(sum(friends.only_theirs(talk.tx, *known) for known in _as_member(talk, gone)))
    said = f"已移除{gone.name}，马上生效。要请回来，发送“员工 邀请”。"
    return "\n".join(filter(None, [said, rest])) + what_stays(talk, gone)


def _as_member(talk: StaffTalk, staff: Staff) -> list[tuple[str, str]]:
    return [(one.account, one.person_id) for one in merchants.addresses(talk.tx, staff.id) if one.member]


def only_theirs(people: int) -> str:
    """A sentence on customers whose only friend works here no more; empty for none."""
    return f"{people} 位顾客只加了 TA，在企业微信后台分配给同事以后才发得到。" if people else ""


def what_stays(talk: Talk, gone: Staff) -> str:
    """Lines on what is still open with somebody who works here no more, and how to hand it over; empty for nothing."""
    held = journeys.held_by(talk.tx, gone.id)
    asked = [
        (broadcast, people)
        for address in merchants.addresses(talk.tx, gone.id)
        for broadcast, people in confirming.asked_of(talk.tx, address.account, address.person_id)
    ]
    told = "".join(
        f"\n等 TA 确认的群发 {broadcast}（{people} 位）收回了，都发完以后可以补发：重发 {broadcast}"
        for broadcast, people in asked
        if broadcast
    )
    if not held:
        return told
    heirs = merchants.active_staff(talk.tx)
    return (
        f"{told}\n{gone.name}手上还有：{_held(talk, held)}。{_stands_still(held)}"
        f"\n交给别人：员工 交接 {gone.id} {heirs[0].name}"
    )


def _held(talk: Talk, held: Held) -> str:
    parts = []
    if held.customers:
        parts.append(f"顾客 {len(held.customers)} 位（{names_of(held.customers)}）")
    parts += [f"跟进 {held.follow_ups} 件"] if held.follow_ups else []
    parts += [f"待回 {held.waiting} 位"] if held.waiting else []
    for broadcast in held.broadcasts:
        when = campaigns.STATE_WORDS[broadcast.state]
        if broadcast.state == "scheduled" and broadcast.start_at:
            when = talk.moment(broadcast.start_at)
        parts.append(f"群发 {broadcast.id}（{when}）")
    parts += [f"提醒“{own.words[:20]}”" for own in held.reminders]
    return "、".join(parts)


def _stands_still(held: Held) -> str:
    waits = any(broadcast.state == "scheduled" for broadcast in held.broadcasts)
    return "没到时间的群发先不发，交接后才发。" if waits else ""


@on.staff(StaffHandOver)
def hand_over(talk: StaffTalk) -> str:
    merchants.require_owner(talk.staff, "交接")
    old, new = _from_to(talk, talk.intent.old, talk.intent.new)
    held = journeys.held_by(talk.tx, old.id)
    if not held:
        raise Refusal(f"{old.name}手上没有要交接的。")
    if len(held.customers) > WIDE:
        question = f"要把{old.name}的交给{new.name}：{_held(talk, held)}。"
        return talk.confirm("staff.hand_over", {"old": str(old.id), "new": str(new.id)}, question)
    return _handed_over(talk, held, old, new)


@on.confirmed("staff.hand_over")
def hand_over_confirmed(talk: StaffTalk, payload: dict[str, str]) -> str:
    merchants.require_owner(talk.staff, "交接")
    old, new = _from_to(talk, payload["old"], payload["new"])
    return _handed_over(talk, journeys.held_by(talk.tx, old.id), old, new)


def _from_to(talk: StaffTalk, old: str, new: str) -> tuple[Staff, Staff]:
    giver = merchants.named(talk.tx, old, command="员工 交接 {} 小王", gone_too=True)
    taker = merchants.named(talk.tx, new, command=f"员工 交接 {giver.id} {{}}")
    if giver.id == taker.id:
        raise Refusal("交接要写两位店员，例如：员工 交接 小李 小王")
    return giver, taker


def _handed_over(talk: StaffTalk, held: Held, old: Staff, new: Staff) -> str:
    told = _held(talk, held)
    journeys.hand_over(talk.tx, held, old, new, by=talk.staff.id)
    talk.label(f"{old.name}交接给{new.name}")
    if new.id != talk.staff.id:
        words = f"{old.name}的交给您了：{told}。发送“今日”看。"
        notices.tell(talk.tx, new.id, words, kind="hand_over", subject=f"hand_over:{old.id}")
    return f"{old.name}的都交给{new.name}了：{told}。"


@on.staff(Keeper)
def keeper(talk: StaffTalk) -> str:
    people = talk.all(talk.intent.whom)
    who = merchants.named(talk.tx, talk.intent.who, command="负责 小美 {}") if talk.intent.who else None
    told = f"由{who.name}负责" if who else "现在没有专人负责"
    for customer in people:
        customer.keeper_id = who.id if who else None
        timeline.add(talk.tx, customer.id, "keeper", told, talk.staff.id)
    return f"{names_of(people)} {told}"


@on.staff(Confirm)
def confirm(talk: StaffTalk) -> str:
    found = desk.take_code(talk.tx, talk.staff.id, talk.intent.code)
    handler = on.find("confirmed", found.action)
    if handler is None:
        raise Refusal("这件事现在不能确认了，请把口令再发一次。")
    return str(handler(talk, found.payload))


@on.confirmed("line")
def line_confirmed(talk: StaffTalk, payload: dict[str, Any]) -> str:
    """Does the line that asked first because it names so many."""
    talk.line, talk.chosen, talk.may_be_wide = payload["line"], payload["chosen"], True
    talk.intent = understand(talk.line, talk.now)
    handler = on.find("staff", type(talk.intent))
    if handler is None:
        raise Refusal("这件事现在不能确认了，请把口令再发一次。")
    return str(handler(talk))


@on.staff(Undo)
def undo(talk: StaffTalk) -> str:
    tx, staff_id = talk.tx, talk.staff.id

    def reverse(entry: int) -> None:
        daybook.reverse(tx, entry, staff_id=staff_id)

    change = changes.undo(tx, staff_id=staff_id, reverse={LedgerEntry.__tablename__: reverse})
    timeline.undone(talk.tx, change.entries, change.label, staff_id=talk.staff.id)
    return f"已撤销：{change.label}"


@on.staff(Menu)
def show_menu(talk: StaffTalk) -> str:
    account, put = _account_with_menu(talk), talk.intent.put
    if put:
        return _change_menu(talk, account, put)
    start = menu.of(talk.tx, account)
    if start is None or start.menu_stands is None:
        return "还没看到公众号的菜单，请过一分钟再发“菜单”。"
    ours = start.menu_stands == menu.OURS
    now = menu.BUTTONS if ours else start.menu_before or []
    told = [f"顾客看到的菜单（{'熟客的' if ours else '公众号原来的'}）：", menu.lines(now), "点一下就等于发那个词。"]
    if start.menu_before and ours:
        told += ["原来的菜单：", menu.lines(start.menu_before), "换回去：菜单 恢复"]
    elif not ours:
        told.append("换成熟客的：菜单 熟客")
    if start.menu_wanted:
        told.append("正在换，放好了会告诉您。")
    return "\n".join(told)


def _account_with_menu(talk: StaffTalk) -> str:
    """The account whose menu staff mean: this one, else the first that has any. Raises Refusal."""
    if talk.can.menus:
        return talk.message.account
    found = next((account.name for account in talk.shop.accounts if abilities(account).menus), None)
    if found is None:
        raise Refusal("这里没有给顾客点的菜单，口令直接打字就行。发送“帮助”看能说什么。")
    return found


def _change_menu(talk: StaffTalk, account: str, put: str) -> str:
    merchants.require_owner(talk.staff, "换菜单")
    menu.want(talk.tx, account, put)
    back = "菜单 熟客" if put == menu.BEFORE else "菜单 恢复"
    talk.final(f"菜单已经交给公众号去换。要换回来，发送：{back}")
    return f"正在放{'原来的' if put == menu.BEFORE else '熟客的'}菜单，放好了会告诉您。要换回来，发送：{back}"


@on.staff(Notices)
def how_staff_hear(talk: StaffTalk) -> str:
    tx = talk.tx
    if talk.intent.test:
        notices.tell(tx, talk.staff.id, "这是一条测试通知。", kind="test", urgent=True)
        if rest := outbox.path_rest(tx, talk.message.account, "custom"):
            return f"{'客服' if talk.can.windows else '应用'}消息{_rests(talk, rest)}。测试通知会走别的办法，发送“通知”看。"
        return "测试通知正在发，马上会单独到您手机上。"
    ways = [_by_message(talk, address) for address in merchants.addresses(tx, talk.staff.id)]
    if talk.shop.group_robot:
        ways.append("员工群里的机器人：只报几位、几号")
    if talk.can.template_notices:
        ways.append(f"模板通知：{_by_template(talk)}")
    ways.append("都不行时，写在您下一次的回复上面")
    numbered = "\n".join(f"{number}. {way}" for number, way in enumerate(ways, start=1))
    return f"通知您的办法：\n{numbered}\n没推送的通知：{notices.count_open(tx, talk.staff.id)} 条"


def _by_message(talk: StaffTalk, address: StaffIdentity) -> str:
    account = talk.shop.account(address.account)
    windows = account is None or abilities(account).windows
    way = "客服消息" if windows else "应用消息"
    if rest := outbox.path_rest(talk.tx, address.account, "custom"):
        return f"{way}：{_rests(talk, rest)}"
    if not windows:
        return f"{way}：随时能发给您"
    spans = limits.spans(talk.tx, address.account, [address.person_id], talk.tx.now).get(address.person_id)
    can = f"还能主动发您 {talk.how_many(spans)}" if spans else "现在不能主动发给您"
    return f"{way}：{can}（您每说一句话就续 48 小时、5 条）"


def _by_template(talk: StaffTalk) -> str:
    if not _template(talk):
        return "没有配置"
    rest = outbox.path_rest(talk.tx, talk.message.account, "template")
    return _rests(talk, rest) if rest else "有，客服消息发不了时用"


def _rests(talk: StaffTalk, rest: Rest) -> str:
    when = talk.moment(rest.until)
    return f"停了：{rest.reason}。{when} 再试" if rest.stopped else f"先停一停：{rest.reason}，到 {when}"


def _template(talk: StaffTalk) -> str:
    account = talk.shop.account(talk.message.account)
    return account.staff_notice_template if account else ""
