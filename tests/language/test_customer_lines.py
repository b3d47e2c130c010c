"""What customers mean. Only plain words act; what is doubtful is talk, or at most a hint."""

import pytest

from bot.language.customers import understand_customer
from bot.language.file_intents import Birth, EraseOwn, ExportOwn, OwnAddress, OwnBirthday, OwnFile, OwnUnclear
from bot.language.intents import Activities, CallMe, Complain, FreeTalk, Join, Leave, Mine, OptIn, OptOut, OptOutHint

LINES = [
    ("资料", OwnFile()),
    ("我的资料。", OwnFile()),
    ("生日 5月1日", OwnBirthday(Birth(5, 1))),
    ("生日 農曆八月十五", OwnBirthday(Birth(8, 15, None, lunar=True))),
    ("我的生日是1990年5月1日", OwnBirthday(Birth(5, 1, 1990))),
    ("生日 2月30日", OwnUnclear("没看懂这个日子，没有记。可以这样写：生日 5月1日，或 生日 农历八月十五")),
    ("生日快乐", FreeTalk("生日快乐")),
    ("生日 5月1日能打折吗", FreeTalk("生日 5月1日能打折吗")),
    ("地址 北京市朝阳区建国路88号", OwnAddress("北京市朝阳区建国路88号")),
    ("我的地址是：建国路88号2栋", OwnAddress("建国路88号2栋")),
    ("地址在哪", FreeTalk("地址在哪")),
    ("地址 发我一下", FreeTalk("地址 发我一下")),
    ("导出我的资料", ExportOwn()),
    ("删除我的资料", EraseOwn()),
    ("请帮我删除我的资料！", EraseOwn()),
    ("确认删除我的资料", EraseOwn(sure=True)),
    ("别删除我的资料", FreeTalk("别删除我的资料")),
    ("我叫小美", CallMe("小美")),
    ("叫我小美", CallMe("小美")),
    ("叫我小美就行", CallMe("小美")),
    ("我叫張小美。", CallMe("張小美")),
    ("我的名字是 Amy Li", CallMe("Amy Li")),
    ("活动", Activities()),
    ("活動", Activities()),
    ("最近有什么活动?", Activities()),
    ("有活动吗", Activities()),
    ("报名 3", Join(3)),
    ("报名3", Join(3)),
    ("報名３號", Join(3)),
    ("我要报名 3", Join(3)),
    ("我想参加活动3!", Join(3)),
    ("报名三", Join(3)),
    ("3号报名", Join(3)),
    ("报名", Join()),
    ("我要报名🙋", Join()),
    ("取消报名 3", Leave(3)),
    ("我要取消报名3", Leave(3)),
    ("取消报名", Leave()),
    ("我的", Mine()),
    ("恢复订阅", OptIn()),
    ("订阅", OptIn()),
    ("我要订阅", OptIn()),
    ("取消退订", OptIn()),
    ("投诉", Complain("complaint")),
    ("投诉 衣服掉色", Complain("complaint", "衣服掉色")),
    ("我要投诉你们!", Complain("complaint", "我要投诉你们")),
    ("建议 多進點大碼", Complain("suggestion", "多進點大碼")),
    ("建议你们周末开门", Complain("suggestion", "你们周末开门")),
    ("我有个建议:多进点大码", Complain("suggestion", "多进点大码")),
    ("人工", Complain("person")),
    ("转人工客服", Complain("person")),
    ("我要找人工", Complain("person")),
    ("退钱", Complain("angry", "退钱")),
    ("你们骗人!", Complain("angry", "你们骗人!")),
    ("太差了😡", Complain("angry", "太差了😡")),
    ("我要打12315", Complain("angry", "我要打12315")),
    ("什么垃圾东西", Complain("angry", "什么垃圾东西")),
    ("再发我就投诉了", Complain("angry", "再发我就投诉了")),
]

OPT_OUTS = """\
退订
退訂
退订!
退订🙏
退订。
td
TD
ＴＤ
T
t
TD。
回T退订
回复TD
TD退订
退订TD
退订T
我要退订
帮我退订
我想退订
请帮我退订,谢谢!
麻烦退订一下吧
退订你们的消息
你好,我要退订
退订退订
退订,骗人
不用了,退订
取消订阅
unsubscribe
退定
退 订
TD 退订
""".splitlines()

HINTS = """\
怎么退订
如何退订?
能退订吗
退订了怎么还发
老发这个我要退订你们了真烦
别再发了
别给我发广告
不要再给我发消息了
不想收到广告
不要打扰我
别总给我发了
没意思退订了算了
""".splitlines()

TALK = """\
别退订
不要退订
我没有退订
不想退订
不是要退订
退订多少钱
退订要钱吗
退订金
退订金能退吗
退订酒店
退订单
朋友让我退订
谁退订了
T恤
有T恤吗
别发货了
别发顺丰
不要发红色的
不要取消报名
怎么取消报名
报名费多少
活动什么时候开始
我叫你别发了
叫我干嘛
我是小美
我叫小美,想问裙子
我的裙子呢
不骗人
没骗人
不是骗子
垃圾袋有吗
电话13812315000
不投诉
我不会投诉的
建议零售价多少
老板在吗
订阅号是什么
谢谢
3
查小美
撤销
群发O用到店礼A
帮助
[微笑]
确认 7F3K
消费 小美 298
要T 恤
""".splitlines()


@pytest.mark.parametrize(("line", "intent"), LINES, ids=[line for line, _ in LINES])
def test_customers_are_understood(line, intent, now):
    assert understand_customer(line, now) == intent


@pytest.mark.parametrize("line", OPT_OUTS)
def test_a_plain_wish_opts_out(line, now):
    assert understand_customer(line, now) == OptOut()


@pytest.mark.parametrize("line", HINTS)
def test_a_doubtful_wish_is_told_the_word(line, now):
    assert understand_customer(line, now) == OptOutHint()


@pytest.mark.parametrize("line", [*TALK, "", "Ｈｉ　張三\n你好"])
def test_everything_else_is_talk_as_typed(line, now):
    assert understand_customer(line, now) == FreeTalk(line)


def test_a_long_story_is_talk_even_with_our_words_in_it(now):
    story = "昨天我朋友说这条裙子好看," * 20 + "退订"
    assert not isinstance(understand_customer(story, now), OptOut)
