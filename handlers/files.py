"""Customers' files as staff keep them: 资料, 照片, 合并."""

from __future__ import annotations

from bot.delivery import outbox
from bot.domain import contacts, journeys
from bot.domain.customers import files, media, photos
from bot.domain.customers import service as customers
from bot.domain.customers.models import Customer, Media, Photo
from bot.domain.customers.rules import birth_shown, completeness, known_name, shown, worth_asking
from bot.domain.merchants import desk
from bot.domain.orders import service as orders
from bot.language.customer_intents import Apart
from bot.language.file_fields import BY_NAME
from bot.language.file_intents import FileEdit, FileShow, Merge, Photos, Picture
from bot.language.money import show_money
from handlers.activities import tell_moved_up
from handlers.scripts import take_picture
from handlers.talk import StaffTalk, on

PHOTO_LINES = 6
_PARTS = (("basic", "基本"), ("personal", "个人"), ("", "其他"))


def card_lines(talk: StaffTalk, customer: Customer) -> list[str]:
    """What the card shows of the file: birthday, description, how complete it is, photos by number."""
    filled = _filled(talk, customer)
    lines = [f"生日：{birth_shown(customer)}"] if birth_shown(customer) else []
    if "description" in filled:
        lines.append(f"描述：{filled['description']}")
    there = photos.count(talk.tx, customer.id)
    if there:
        numbers = "、".join(map(str, range(1, min(there, 5) + 1))) + ("…" if there > 5 else "")
        lines.append(f"照片：{there} 张（{numbers}），看第 1 张：照片 #{customer.id} 1")
    return [*lines, f"资料：{completeness(filled)} 分"]


def _filled(talk: StaffTalk, customer: Customer) -> dict[str, str]:
    """Every filled field, the ledger's own included."""
    filled = files.known(talk.tx, customer)
    if customer.purchases:
        filled["spent"] = show_money(customer.spent_fen)
    if "articles" not in filled and customer.purchases and orders.has_articles(talk.tx, customer.id):
        filled["articles"] = "见订单"
    return filled


@on.staff(FileShow)
def show(talk: StaffTalk) -> str:
    customer = talk.one(talk.intent.whom)
    filled = _filled(talk, customer)
    lines = [f"【{shown(customer)}】资料 {completeness(filled)} 分"]
    for part, word in _PARTS:
        names = [name for name in filled if BY_NAME[name].part == part and name != "name"]
        if names:
            lines.append(f"{word}：" + "；".join(f"{_word(name)} {filled[name]}" for name in names))
    if len(lines) == 1:
        lines.append("还没有记什么。")
    lines.append(_hint(customer, filled))
    return "\n".join(lines)


def _word(name: str) -> str:
    return "累计" if name == "spent" else BY_NAME[name].words[0]


def _hint(customer: Customer, filled: dict[str, str]) -> str:
    """The next missing field worth asking for, in words that can be said to the customer."""
    missing = worth_asking(filled)
    if missing is None:
        return "资料都齐了。"
    if missing == "name":
        return f"先取个名字：改名 #{customer.id} 李姐"
    field = BY_NAME[missing]
    return f"下次聊到可以问：{field.ask}\n记下来：资料 #{customer.id} {field.words[0]} …"


@on.staff(FileEdit)
def edit(talk: StaffTalk) -> str:
    intent = talk.intent
    customer = talk.one(intent.whom)
    changed = files.change(
        talk.tx,
        customer,
        values=dict(intent.values),
        birth=intent.birth,
        removed=intent.removed,
        staff_id=talk.staff.id,
    )
    if not changed:
        return f"{shown(customer)} 本来就是这样，没有变化。"
    talk.label(f"{shown(customer)} 资料 {'、'.join(change.split()[0].removesuffix('（删掉）') for change in changed)}")
    filled = _filled(talk, customer)
    return f"{shown(customer)} 记好了：{'；'.join(changed)}\n资料 {completeness(filled)} 分"


# --- photos -------------------------------------------------------------------------------------------------------


@on.staff(Photos)
def pictures(talk: StaffTalk) -> str:
    """``照片 <谁>`` takes the pictures sent just before, and those of the next ten minutes; with a number shows one."""
    intent, tx = talk.intent, talk.tx
    customer = talk.one(intent.whom)
    if intent.number is not None:
        return _one_photo(talk, customer, intent.number)
    claimed = photos.claim(tx, customer, staff_id=talk.staff.id)
    question = desk.Question("photo", {"line": f"照片 {known_name(customer) or ''}".strip(), "customer": customer.id})
    desk.ask(tx, talk.staff.id, question, life=photos.OPEN_FOR)
    if claimed:
        talk.label(f"{shown(customer)} 加 {claimed} 张照片")
        return f"{claimed} 张照片放进了 {shown(customer)} 的档案，还有就接着发（10 分钟内）。"
    lines = [f"把 {shown(customer)} 的照片发来，10 分钟内发的都算。"]
    there = photos.of(tx, customer.id)
    if there:
        lines.append(f"已有 {len(there)} 张：")
        lines += [f"{number}. {_state(talk, *one)}" for number, one in enumerate(there[:PHOTO_LINES], start=1)]
        lines.append(f"看第 1 张：照片 #{customer.id} 1；去掉：照片 #{customer.id} 删除 1")
    return "\n".join(lines)


def _state(talk: StaffTalk, photo: Photo, kept: Media | None) -> str:
    day = talk.day(photo.at)
    if kept is not None and kept.lost:
        return f"{day}（没取到：{kept.lost}）"
    return f"{day}{'' if kept and kept.file else '（正在取回）'}"


def _one_photo(talk: StaffTalk, customer: Customer, number: int) -> str:
    if talk.intent.remove:
        photos.remove(talk.tx, customer, number, staff_id=talk.staff.id)
        talk.label(f"去掉 {shown(customer)} 的第 {number} 张照片")
        return f"去掉了 {shown(customer)} 的第 {number} 张照片"
    photo, kept = photos.get(talk.tx, customer, number)
    # The platform takes back what it was sent for three days; later the picture is in our own folder only.
    if photo.account == talk.message.account and talk.tx.now - photo.at < media.KEPT_BY_PLATFORM:
        outbox.queue(
            talk.tx,
            account=photo.account,
            person_id=talk.message.sender,
            payload={"type": "image", "media_id": photo.media_id},
            purpose="service",
            staff_id=talk.staff.id,
        )
        return f"{shown(customer)} 的第 {number} 张照片马上发来。"
    if kept is None or not kept.file:
        return f"{shown(customer)} 的第 {number} 张照片没有取到，请重新发一张：照片 #{customer.id}"
    return f"{shown(customer)} 的第 {number} 张照片过了 3 天，微信里发不出来了，存在店里电脑上：media/{kept.file}"


@on.staff(Picture)
def picture(talk: StaffTalk) -> str:
    """A picture belongs to the customer of an open ``照片 <谁>``; with nothing open it is asked whose it is."""
    tx, message = talk.tx, talk.message
    question = desk.open_question(tx, talk.staff.id)
    if question is not None and question.kind == "photo":
        customer = customers.get(tx, int(question.payload["customer"]))
        number = photos.add(
            tx, customer, account=message.account, media_id=talk.intent.media_id, staff_id=talk.staff.id
        )
        desk.ask(tx, talk.staff.id, question, life=photos.OPEN_FOR)
        talk.label(f"{shown(customer)} 的第 {number} 张照片")
        return f"收下了，{shown(customer)} 的第 {number} 张照片。还有就接着发。"
    if question is not None and question.kind == "script_picture":
        return take_picture(talk, question)
    photos.leave(tx, account=message.account, media_id=talk.intent.media_id, staff_id=talk.staff.id)
    desk.ask(tx, talk.staff.id, desk.Question("whose", {"line": "照片"}), life=photos.OPEN_FOR)
    return "收到图片。是哪位顾客的？10 分钟内回复名字或编号就放进档案，例如：小美"


# --- one person, two files ----------------------------------------------------------------------------------------


@on.staff(Apart)
def apart(talk: StaffTalk) -> str:
    kept, back = contacts.take_apart(talk.tx, talk.one(talk.intent.whom))
    talk.final("拆开就各是各的了。又是同一位，再合并。")
    again = f"合并 {kept.split()[-1]} {back.split()[-1]}"
    return f"拆开了：{kept} 和 {back} 又是两位顾客，不会再自动合并。\n要是同一位，发送：{again}"


@on.staff(Merge)
def merge(talk: StaffTalk) -> str:
    one, other = talk.one(talk.intent.first), talk.one(talk.intent.second)
    names = f"{shown(one)} 和 {shown(other)}"
    merged = journeys.merge(talk.tx, one, other, staff_id=talk.staff.id)
    kept = merged.kept
    desk.speak_of(talk.tx, talk.staff.id, kept.id)
    talk.label(f"合并 {names}")
    for activity, next_one in merged.moved_up:
        tell_moved_up(talk, activity, next_one)
    if merged.moved_up:
        talk.final("合并空出的活动名额已经给了候补并通知了 TA。")
    lines = [f"{names} 合成了一位：{shown(kept)}，单子、标签、聊天和报名都在一起了。"]
    if kept.purchases:
        lines.append(f"消费：{show_money(kept.spent_fen)}，{kept.purchases} 次")
    if merged.differed:
        lines.append(f"两边写得不一样，没有采用（记在历史里）：{'，'.join(merged.differed)}")
    return "\n".join(lines)
