"""The script library by chat: list, look, write, try."""

from __future__ import annotations

from bot.delivery import outbox
from bot.domain.campaigns import leaderboard
from bot.domain.campaigns.leaderboard import Place
from bot.domain.customers import media
from bot.domain.customers.rules import addressed, shown
from bot.domain.merchants import desk
from bot.domain.scripts import kinds
from bot.domain.scripts import service as scripts
from bot.domain.scripts.checker import warnings
from bot.domain.scripts.kinds import KIND_WORDS, compile_script
from bot.domain.scripts.rules import VARIABLES
from bot.errors import Refusal
from bot.language.campaign_intents import ScriptBoard, ScriptEdit, ScriptList, ScriptNew, ScriptShow, ScriptTry
from bot.language.money import show_money
from handlers.talk import StaffTalk, on

# What a merchant picks for a broadcast or copies to a customer; the rest is what the bot says by itself.
SCENES = {
    "visit": "请到店",
    "needs": "问需要",
    "upgrade": "再消费",
    "vip": "VIP",
    "holidays": "节日",
    "aftersale": "售后",
}
OWN_SENTENCES = {"welcome": "欢迎", "bot": "应答", "activities": "活动", "complaints": "投诉", "redpacket": "红包"}
CLASS_WORDS = {"N": "N 未到店", "YO": "Y·O 到店没买", "M": "M 消费过", "VIP": "VIP"}
BEST = 5  # scripts of a class
HOW_TO_WRITE = "想叫顾客的地方写 {{称呼}}。"


@on.staff(ScriptList)
def list_scripts(talk: StaffTalk) -> str:
    lines = ["话术库（群发时写名字就行）："]
    own = scripts.own_names(talk.tx)
    if own:
        lines.append(f"自己写的：{'、'.join(own)}")
    lines += [f"{word}：{'、'.join(_names(scene))}" for scene, word in SCENES.items()]
    first = [f"{word}（如 {_names(scene)[0]}）" for scene, word in OWN_SENTENCES.items()]
    lines.append(f"机器人自己说的也能改：{'、'.join(first)}")
    lines.append("看内容：话术 看 到店礼A\n自己写：话术 新建 名称")
    return "\n".join(lines)


def _names(scene: str) -> list[str]:
    return [script.name for script in scripts.shelf() if script.scene == scene]


@on.staff(ScriptBoard)
def board(talk: StaffTalk) -> str:
    found = leaderboard.ranked(talk.tx)
    days, enough = leaderboard.LOOKS_BACK.days, leaderboard.ENOUGH
    if not found:
        short = f"还排不出来：近 {days} 天里，要有话术发给同一类顾客 {enough} 位以上、满了 7 天。"
        return f"{short}\n一次比几个：群发 O 用 到店礼A/到店礼B"
    lines = [f"话术榜（近 {days} 天，发给 {enough} 位以上、满 7 天的；分类按发的时候算）"]
    for class_, places in found.items():
        lines.append(f"【{CLASS_WORDS[class_]}】")
        lines += [_place(rank, place) for rank, place in enumerate(places[:BEST], start=1)]
    lines.append("名次按回复，人少的往后排；想知道哪个真的好，同一次群发里比：结果 12")
    return "\n".join(lines)


def _place(rank: int, place: Place) -> str:
    replied = f"回复 {place.replied / place.heard:.0%}" if place.heard else "回复看不到"
    shares = f"{replied}，7天内购买 {place.bought / place.sent:.0%}"
    about = "约 " if place.times > 1 else ""
    return f"{rank}. {place.script}：发出 {about}{place.sent * place.times}，{shares}"


@on.staff(ScriptShow)
def show(talk: StaffTalk) -> str:
    wording = scripts.find(talk.tx, talk.intent.name)
    kind = "" if wording.kind == "text" else f"（{KIND_WORDS[wording.kind]}）"
    used = compile_script(wording.kind, wording.text).variables
    variables = [f"变量：{'、'.join(f'{name} {VARIABLES[name]}' for name in sorted(used))}"] if used else []
    how = f"改：话术 改 {wording.name}\n试：话术 试 {wording.name} 张三"
    return "\n".join(
        [f"【{wording.name}】{kind}第 {wording.version} 版", kinds.shown(wording.kind, wording.text), *variables, how]
    )


@on.staff(ScriptNew)
def new(talk: StaffTalk) -> str:
    return _write(talk, talk.intent.kind, new=True)


@on.staff(ScriptEdit)
def edit(talk: StaffTalk) -> str:
    return _write(talk, scripts.find(talk.tx, talk.intent.name).kind, new=False)


def _write(talk: StaffTalk, kind: str, *, new: bool) -> str:
    name, text = talk.intent.name, talk.intent.text
    if kind == "image":
        scripts.refuse_name(talk.tx, name, new=new)
        desk.ask(
            talk.tx,
            talk.staff.id,
            desk.Question("script_picture", {"line": f"话术 图片 {name}", "name": name, "new": new}),
        )
        return f"请把“{name}”的图片发过来（5 分钟内，jpg 或 png）。"
    scripts.refuse_name(talk.tx, name, new=new)
    verb = (KIND_WORDS[kind] if kind != "text" else "新建") if new else "改"
    line = f"话术 {verb} {name}"
    if text:
        try:
            return _kept(talk, name, text, kind, new=new)
        except Refusal as refusal:
            # Whoever typed a long text on a phone sends it once more, mended, and not the command as well.
            desk.ask(talk.tx, talk.staff.id, desk.Question("text", {"line": line, "again": True}))
            return f"{refusal}\n改好了直接再发一遍（5 分钟内）；不写了回“算了”。"
    desk.ask(talk.tx, talk.staff.id, desk.Question("text", {"line": line}))
    how = kinds.HOW.get(kind, HOW_TO_WRITE)
    return f"请把“{name}”的内容发过来（下一条消息就是内容，5 分钟内）。{how}"


def _kept(talk: StaffTalk, name: str, text: str, kind: str, *, new: bool) -> str:
    today = talk.now.date()
    wording = scripts.write(talk.tx, name, text, staff_id=talk.staff.id, new=new, today=today, kind=kind)
    talk.label(f"话术“{wording.name}”第 {wording.version} 版")
    variables = compile_script(kind, wording.text).variables
    names = f"\n里面有变量：{'、'.join(VARIABLES[name] for name in sorted(variables))}" if variables else ""
    warned = warnings(filter(None, [wording.words()]), "script", today)
    told = ["存了，但要留意：", *warned] if warned else []
    how = f"群发：群发 O 用 {wording.name}"
    return "\n".join([f"“{wording.name}”存好了（第 {wording.version} 版）。{names}", *told, how])


def take_picture(talk: StaffTalk, question: desk.Question) -> str:
    """The picture that was asked for becomes the script; a worker fetches it, and gives it to each account that needs it."""
    desk.close_question(talk.tx, talk.staff.id)
    account, media_id = talk.message.account, talk.intent.media_id
    media.want(talk.tx, account, media_id)
    name, is_new = str(question.payload["name"]), bool(question.payload["new"])
    return _kept(talk, name, media.file_stem(account, media_id), "image", new=is_new)


@on.staff(ScriptTry)
def try_(talk: StaffTalk) -> str:
    wording = scripts.find(talk.tx, talk.intent.name)
    customer = talk.one(talk.intent.whom)
    context = {
        "shop": scripts.shop_context(talk.tx, talk.shop.shop_name),
        "c": {
            "name": addressed(customer) or "",
            "number": str(customer.id),
            "grade": customer.grade or "",
            "spent": show_money(customer.spent_fen).removesuffix("元") if customer.spent_fen else "",
        },
    }
    said = compile_script(wording.kind, wording.text).render(context)
    if wording.kind == "text":
        return f"{shown(customer)} 会看到：\n{said}"
    outbox.queue(
        talk.tx,
        account=talk.message.account,
        person_id=talk.message.sender,
        payload=kinds.payload_of(said),
        purpose="service",
        staff_id=talk.staff.id,
    )
    talk.final("试发只发给您自己，顾客没有收到")
    return f"{shown(customer)} 会看到下面这条（{KIND_WORDS[wording.kind]}，发给您自己看）："
