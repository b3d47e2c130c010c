"""Customers' files: what staff look up and change, and what customers say about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain import journeys
from bot.domain.activities import service as activities
from bot.domain.customers import consent, corp_tags, forgetting, friends, segments, tag_rules, tags, timeline, waiting
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer
from bot.domain.customers.rules import GRADE_WORDS, LEVEL_WORDS, classes, known_name, shown, suggested_grade
from bot.domain.merchants import notices
from bot.domain.merchants import service as merchants
from bot.domain.orders import service as orders
from bot.domain.orders.rules import items_shown, stage_shown
from bot.errors import Refusal
from bot.language.customer_intents import Enrol, FollowUp, Grade, History, Marketing, Note, Rename, Show, Unnamed, Visit
from bot.language.intents import CallMe, Mine, OptIn, OptOut, OptOutHint, Whom
from bot.language.money import show_money
from bot.language.normalise import NAME_LIMIT, display_name
from bot.language.segments import parse_segment
from bot.language.tag_intents import RuleChange, RuleList, Tag, TagBook, TagDelete, TagJoin, TagSegment
from handlers import files, groups
from handlers.talk import WIDE, CustomerTalk, StaffTalk, names_of, on

ENTRIES = 12  # of a customer's history in one answer
LINE = 80  # characters of an entry in the history
SUGGESTED_FROM = timedelta(days=30)  # what was said before suggests nothing any more
QUOTE = 60  # characters of a note that the answer shows back
UNNAMED_LISTED = 100
RELYING_NAMED = 5
CUT = f"（名字太长，只留前 {NAME_LIMIT} 个字）"


# --- looking ------------------------------------------------------------------------------------------------------


@on.staff(Show)
def show(talk: StaffTalk) -> str:
    people = talk.all(talk.intent.whom)
    return "\n———\n".join(card(talk, customer) for customer in people)


def card(talk: StaffTalk, customer: Customer) -> str:
    """The customer's card: classes, tags, grade, level, money, last talk, next step."""
    tx = talk.tx
    if customer.name == forgetting.GONE:
        spent = f"消费：{show_money(customer.spent_fen)}，{customer.purchases} 次"
        return f"【{shown(customer)}】本人要求删除了资料，编号只留着对账。\n{spent}"
    lines = [
        f"【{shown(customer)}】{classes(visited=customer.visited, purchased=customer.purchased, vip=customer.vip)}"
    ]
    if customer.own_name and customer.own_name != known_name(customer):
        lines.append(f"自称：{customer.own_name}")
    if customer.phone:
        lines.append(f"电话：{customer.phone}")
    lines += files.card_lines(talk, customer)
    tagged = tags.of(tx, [customer.id])[customer.id]
    lines.append(f"标签：{'、'.join(tagged) if tagged else '还没有'}")
    if customer.grade:
        lines.append(f"级别：{customer.grade} {GRADE_WORDS[customer.grade]}")
    lines += _suggestions(talk, customer, tagged)
    if customer.follow_up:
        lines.append(f"跟进：{customer.follow_up} {LEVEL_WORDS[customer.follow_up]}")
    lines.append(f"消费：{show_money(customer.spent_fen)}，{customer.purchases} 次")
    latest = orders.of(tx, customer.id, count=1)
    if latest:
        order = latest[0]
        back = " 已全退" if order.refunded_fen == order.amount_fen else ""
        what = items_shown(order.items) or "未写商品"
        lines.append(f"最近：单号{order.id} {what} {stage_shown(order.stage)}{back}")
    if customer.keeper_id:
        lines.append(f"负责：{merchants.names(tx).get(customer.keeper_id, '')}")
    lines += groups.card_lines(talk, customer)
    if customer.last_contact_at:
        lines.append(f"上次联系：{talk.moment(customer.last_contact_at)}")
    if customer.opted_out:
        lines.append("已退订，不发营销消息")
    if with_whom := friends.names_of_friends(tx, customer.id):
        lines.append(f"企业微信好友：{'、'.join(with_whom)}")
    if not any(identity.relation == "active" for identity in customers.identities(tx, [customer.id])):
        lines.append(f"{talk.unreached}，只能人工联系")
    lines.append(f"下一步：{_next_step(talk, customer)}")
    return "\n".join(lines)


def _suggestions(talk: StaffTalk, customer: Customer, tagged: Sequence[str]) -> list[str]:
    """What behaviour suggests; only staff set it."""
    found = []
    since = talk.tx.now - SUGGESTED_FROM
    said = [(words.at, words.text) for words in waiting.lately(talk.tx, customer.id, 20) if words.at > since]
    replied = waiting.has_replied(talk.tx, customer.id)
    best = suggested_grade(customer.grade, said=said, replied=replied, visited=customer.visited)
    if best is not None:
        when = f"{talk.day(best.at)} " if best.at else ""
        found.append(f"建议级别：{best.grade}（{when}{best.why}），同意就发：级别 #{customer.id} {best.grade}")
    if tag_rules.TOP in tagged and not customer.vip:
        found.append(f"消费额排在前面，可以设为重点客户：#{customer.id} +VIP")
    return found


def _next_step(talk: StaffTalk, customer: Customer) -> str:
    if customer.next_step or customer.next_at:
        when = f"{talk.day(customer.next_at)} " if customer.next_at else ""
        return f"{when}{customer.next_step or '跟进'}"
    if known_name(customer) is None:
        return f"取个名字：改名 #{customer.id} 李姐"
    if not customer.visited:
        return "请 TA 到店里来"
    return f"聊聊需要，发送：跟进 {known_name(customer)} c 聊了什么"


@on.staff(Unnamed)
def unnamed(talk: StaffTalk) -> str:
    newest, total = customers.unnamed(talk.tx, UNNAMED_LISTED)
    if not total:
        latest = customers.newest(talk.tx, 5)
        return f"顾客都有名字了。最近来的：{'、'.join(map(shown, latest))}" if latest else "还没有顾客。"
    lines = [f"还没有名字的顾客 {total} 位，最新的在前。", f"取名字：改名 #{newest[0].id} 李姐"]
    lines += [f"#{customer.id} {talk.moment(customer.created_at)} 来的" for customer in newest]
    if total > len(newest):
        lines.append(f"还有 {total - len(newest)} 位更早的，取完这些再发“新客”。")
    return "\n".join(lines)


@on.staff(History)
def history(talk: StaffTalk) -> str:
    customer, page = talk.one(talk.intent.whom), talk.intent.page
    names = merchants.names(talk.tx)
    # One more than is shown tells whether there is a next page.
    enough = page * ENTRIES + 1
    found = [
        (entry.at, _short(entry.text) + (f"（{names[entry.staff_id]}）" if entry.staff_id in names else ""))
        for entry in timeline.recent(talk.tx, customer.id, enough)
    ]
    found += [(said.at, f"说：{said.text[:60]}") for said in waiting.lately(talk.tx, customer.id, enough)[::-1]]
    if not found:
        return f"{shown(customer)} 还没有记录。"
    newest = sorted(found, key=lambda entry: entry[0], reverse=True)
    shown_now = newest[(page - 1) * ENTRIES : page * ENTRIES]
    if not shown_now:
        return f"{shown(customer)} 的记录没有第 {page} 页。最近的：历史 #{customer.id}"
    lines = [f"{_when(talk, at)} {words}" for at, words in shown_now]
    head = "最近的事：" if page == 1 else f"的事，第 {page} 页："
    more = f"\n更早的：历史 #{customer.id} {page + 1}" if len(newest) > page * ENTRIES else ""
    return f"{shown(customer)} {head}\n" + "\n".join(lines) + more


def _when(talk: StaffTalk, at: datetime) -> str:
    """The year only where it is another one."""
    return talk.moment(at) if talk.here(at).year == talk.now.year else talk.day(at)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


# --- names and files ------------------------------------------------------------------------------------------------


@on.staff(Rename)
def rename(talk: StaffTalk) -> str:
    customer = talk.one(talk.intent.whom)
    before = shown(customer)
    name, cut = display_name(talk.intent.name)
    if not name:
        raise Refusal("这个名字里没有看得见的字，没有改。例如：改名 #12 小美")
    customers.rename(talk.tx, customer, name, staff_id=talk.staff.id)
    talk.label(f"{before} 改名为 {name}")
    timeline.add(talk.tx, customer.id, "name", f"改名为“{name}”", talk.staff.id)
    return f"{before} 现在叫“{name}”{CUT if cut else ''}{_namesakes(talk, customer, name)}"


def _namesakes(talk: StaffTalk, customer: Customer, name: str) -> str:
    """Who else has the name: from now on every line with it asks which one is meant."""
    found = customers.matches(talk.tx, Whom("name", name), last_spoken_of=None)
    others = [one for one in found if one.id != customer.id and name in customers.known_names(one)]
    if not others:
        return ""
    low, high = sorted((others[0].id, customer.id))
    return f"\n也叫“{name}”的还有 {'、'.join(f'#{one.id}' for one in others[:3])}。是同一个人就发：合并 #{low} #{high}"


@on.staff(Enrol)
def enrol(talk: StaffTalk) -> str:
    intent = talk.intent
    name, cut = display_name(intent.name)
    if intent.name and not name:
        raise Refusal("这个名字里没有看得见的字，没有建。例如：新客 张姐 13800138000")
    customer = customers.enrol(talk.tx, name=name, phone=intent.phone, wechat=intent.wechat)
    customer.keeper_id = talk.staff.id
    talk.one_is(customer)
    talk.label(f"建档 {shown(customer)}")
    phone = f" {customer.phone}" if customer.phone else ""
    lacks = talk.unreached.replace("没有", "还没")
    return f"建好了：{shown(customer)}{phone}{CUT if cut else ''}。{lacks}，群发时会列给您人工联系。"


@on.staff(Note)
def note(talk: StaffTalk) -> str:
    customer = talk.one(talk.intent.whom)
    timeline.note(talk.tx, customer.id, talk.intent.text, talk.staff.id)
    talk.label(f"给 {shown(customer)} 记备注")
    text = " ".join(talk.intent.text.split())
    return f"记下了 {shown(customer)}：{text if len(text) <= QUOTE else text[:QUOTE] + '…'}"


@on.customer(CallMe)
def call_me(talk: CustomerTalk) -> str:
    name, _cut = display_name(talk.intent.name)
    customer = talk.customer()
    customers.call_me(talk.tx, customer, name)
    notices.reword(talk.tx, f"new:{customer.id}", f"新顾客 {shown(customer)} 关注了公众号（名字是自己说的）。")
    return talk.say("bot/named", c={"name": name})


@on.customer(Mine)
def mine(talk: CustomerTalk) -> str:
    customer = talk.customer()
    name = customer.own_name  # staff's own name for the customer is for staff's eyes
    lines = [f"{name or '您好'}，您在{talk.shop.shop_name}的资料：", f"会员编号：{customer.id}"]
    if customer.purchases:
        lines.append(f"累计消费：{show_money(customer.spent_fen)}（{customer.purchases} 次）")
    lines += [
        f"{'已报名' if state == 'in' else '候补中'}：{activity.title}（取消请回“取消报名 {activity.id}”）"
        for activity, state in activities.joined_by(talk.tx, customer.id)
    ]
    if name is None:
        lines.append("想让我们怎么称呼您？回复“我叫小美”这样就行。")
    lines.append("不想收活动消息：回复“退订”" if not customer.opted_out else "您已退订活动消息，想恢复请回复“订阅”")
    return "\n".join(lines)


@on.staff(Marketing)
def marketing(talk: StaffTalk) -> str:
    """Staff put down the wish of somebody who told it to them."""
    people = talk.all(talk.intent.whom)
    names = names_of(people)
    for customer in people:
        if talk.intent.wanted:
            consent.opt_in(talk.tx, customer.id)
        else:
            consent.opt_out(talk.tx, customer.id)
    back = "退订" if talk.intent.wanted else "订阅"
    talk.final(f"已经照 TA 的意思改了。要改回来：{back} #{people[0].id}")
    if talk.intent.wanted:
        return f"记下了：{names} 又愿意收营销消息。要停，发送：退订 #{people[0].id}"
    return f"记下了：{names} 不再收营销消息，排好还没发的也取消了。TA 又想收，发送：订阅 #{people[0].id}"


@on.customer(OptOut)
def opt_out(talk: CustomerTalk) -> str:
    consent.opt_out(talk.tx, talk.customer_id)
    return talk.say("bot/opted_out")


@on.customer(OptOutHint)
def opt_out_hint(_talk: CustomerTalk) -> str:
    return "不想再收活动消息的话，回复“退订”两个字就停；订单和报名的通知照常发。"


@on.customer(OptIn)
def opt_in(talk: CustomerTalk) -> str:
    consent.opt_in(talk.tx, talk.customer_id)
    return talk.say("bot/opted_in")


# --- tags, classes, grades --------------------------------------------------------------------------------------------


@on.staff(Tag)
def tag(talk: StaffTalk) -> str:
    wanted = tags.edit(talk.intent.add, talk.intent.remove)
    return _tag(talk, talk.all(talk.intent.whom), wanted)


@on.staff(TagSegment)
def tag_segment(talk: StaffTalk) -> str:
    wanted = tags.edit(talk.intent.add, talk.intent.remove)
    people = segments.members(talk.tx, parse_segment(talk.intent.segment), talk.now)
    if len(people) > WIDE:
        payload = {"ids": people, "add": list(talk.intent.add), "remove": list(talk.intent.remove)}
        return talk.confirm("tag.many", payload, f"要给 {len(people)} 位顾客改标签：{_signs(talk.intent)}。")
    return _tag(talk, segments.people(talk.tx, people), wanted)


@on.confirmed("tag.many")
def tag_many(talk: StaffTalk, payload: dict[str, list[str]]) -> str:
    people = segments.people(talk.tx, [int(number) for number in payload["ids"]])
    return _tag(talk, people, tags.edit(payload["add"], payload["remove"]))


def _tag(talk: StaffTalk, people: Sequence[Customer], wanted: tags.TagEdit) -> str:
    if not people:
        return "这个人群里现在没有人，什么都没有改。"
    changed = tags.apply(talk.tx, people, wanted, staff_id=talk.staff.id, source="chat")
    if not changed:
        return f"{names_of(people)} 本来就是这样，没有变化。"
    for customer in people:
        timeline.add(talk.tx, customer.id, "tag", f"标签 {' '.join(changed)}", talk.staff.id)
    if len(people) > 1:
        return f"{names_of(people)}：{' '.join(changed)}"
    now = tags.of(talk.tx, [people[0].id])[people[0].id]
    code = classes(visited=people[0].visited, purchased=people[0].purchased, vip=people[0].vip)
    return f"{shown(people[0])} {' '.join(changed)}\n现在：{code}{' · ' + '、'.join(now) if now else ''}"


def _signs(intent: TagSegment) -> str:
    return " ".join([*(f"+{name}" for name in intent.add), *(f"-{name}" for name in intent.remove)])


@on.staff(TagBook)
def tag_book(talk: StaffTalk) -> str:
    book = tags.book(talk.tx)
    if not book:
        return "还没有标签。贴一个：小美 +意向A"
    return (
        "标签：\n"
        + "、".join(f"{name}({count})" for name, count in book[:60])
        + "\n改：标签 合并 旧 到 新；标签 删除 X"
    )


@on.staff(TagDelete)
def tag_delete(talk: StaffTalk) -> str:
    count = len(tags.carriers(talk.tx, talk.intent.name))
    question = f"要删掉标签“{talk.intent.name}”，{count} 位顾客身上的也会去掉。"
    if talk.intent.name in tag_rules.RULES:
        question += f"新的顾客还会自动贴上，都不要的话：规则 关 {talk.intent.name}。"
    if corp_tags.foreign(talk.tx, tags.clean(talk.intent.name)):
        question += "企业标签里的不是我们建的，顾客身上的会去掉，标签本身留在那边。"
    question += _relying(talk, talk.intent.name, "删掉")
    return talk.confirm("tag.delete", {"name": talk.intent.name}, question)


def _relying(talk: StaffTalk, typed: str, what: str) -> str:
    """What asks for a tag that is about to go, and would find nobody, or not be sent."""
    users = journeys.relying_on_tag(talk.tx, tags.clean(typed))
    if not users:
        return ""
    more = f"等 {len(users)} 个" if len(users) > RELYING_NAMED else ""
    return f"\n注意，{'、'.join(users[:RELYING_NAMED])}{more} 还在用这个标签，{what}以后就读不懂了，要先改好或取消。"


@on.confirmed("tag.delete")
def tag_deleted(talk: StaffTalk, payload: dict[str, str]) -> str:
    count = tags.drop(talk.tx, payload["name"], staff_id=talk.staff.id)
    return f"已删除标签“{payload['name']}”（{count} 位）"


@on.staff(TagJoin)
def tag_join(talk: StaffTalk) -> str:
    count = len(tags.carriers(talk.tx, talk.intent.old))
    question = f"要把“{talk.intent.old}”并到“{talk.intent.new}”，共 {count} 位顾客。"
    if talk.intent.old in tag_rules.RULES:
        question += f"新的顾客还会自动贴上“{talk.intent.old}”，都不要的话：规则 关 {talk.intent.old}。"
    question += _relying(talk, talk.intent.old, "并掉")
    return talk.confirm("tag.join", {"old": talk.intent.old, "new": talk.intent.new}, question)


@on.confirmed("tag.join")
def tag_joined(talk: StaffTalk, payload: dict[str, str]) -> str:
    count = tags.join(talk.tx, payload["old"], payload["new"], staff_id=talk.staff.id)
    return f"“{payload['old']}”已并到“{payload['new']}”（{count} 位）"


@on.staff(RuleList)
def rules(talk: StaffTalk) -> str:
    lines = [
        f"· {one.rule.name}：{one.words}{'' if one.enabled else '（关着）'}" for one in tag_rules.standing(talk.tx)
    ]
    return (
        "自动贴的标签，每天夜里重算，消费和退款后马上算：\n"
        + "\n".join(lines)
        + "\n店员贴的不会被拿掉，店员拿掉的不会再贴。\n老板可以改：规则 关 流失预警；规则 流失预警 45天"
    )


@on.staff(RuleChange)
def rule_changed(talk: StaffTalk) -> str:
    merchants.require_owner(talk.staff, "改规则")
    said = talk.intent
    now = tag_rules.change(talk.tx, said.name, enabled=said.enabled, number=said.number, unit=said.unit)
    talk.label(f"规则 {said.name}")
    if not now.enabled:
        return f"规则“{said.name}”关了，规则贴过的马上去掉，店员贴的留着。再打开：规则 开 {said.name}"
    return f"规则“{said.name}”：{now.words}。标签马上重算。"


@on.staff(Visit)
def visit(talk: StaffTalk) -> str:
    people = talk.all(talk.intent.whom)
    for customer in people:
        customers.visit(talk.tx, customer)
        timeline.add(talk.tx, customer.id, "visit", "到店", talk.staff.id)
    return f"{names_of(people)} 到店了（Y）"


@on.staff(Grade)
def grade(talk: StaffTalk) -> str:
    people = talk.all(talk.intent.whom)
    for customer in people:
        customers.set_grade(customer, talk.intent.grade)
        timeline.add(talk.tx, customer.id, "grade", f"级别 {talk.intent.grade}", talk.staff.id)
    return f"{names_of(people)} 级别 {talk.intent.grade}：{GRADE_WORDS[talk.intent.grade]}"


@on.staff(FollowUp)
def follow_up(talk: StaffTalk) -> str:
    intent = talk.intent
    customer = talk.one(intent.whom)
    customers.follow_up(
        talk.tx,
        customer,
        level=intent.level,
        next_step=intent.next_step,
        due=intent.due,
        expected_fen=intent.expected_fen,
        staff_id=talk.staff.id,
    )
    said = " ".join(part for part in (intent.said, intent.next_step and f"下次{intent.next_step}") if part)
    timeline.add(talk.tx, customer.id, "follow_up", f"跟进 {intent.level or ''} {said}".strip(), talk.staff.id)
    parts = [f"{shown(customer)} 跟进记好了"]
    if customer.follow_up:
        parts.append(f"{customer.follow_up}：{LEVEL_WORDS[customer.follow_up]}")
    if intent.said:
        parts.append(f"聊了：{intent.said}")
    if customer.next_step:
        parts.append(f"下次：{customer.next_step}")
    if customer.next_at:
        parts.append(f"时间：{talk.moment(customer.next_at)}")
    if customer.expected_fen:
        parts.append(f"预计：{show_money(customer.expected_fen)}")
    return "\n".join(parts)
