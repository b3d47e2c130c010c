"""What staff say about channels and customer groups."""

import pytest
from said import at

from bot.language.channel_intents import (
    ChannelChange,
    ChannelDelete,
    ChannelList,
    ChannelNew,
    ChannelShow,
    ChannelSwitch,
    Shift,
)
from bot.language.group_intents import (
    GroupCalendar,
    GroupCode,
    GroupDefaults,
    GroupList,
    GroupPlan,
    GroupPlanCancel,
    GroupRules,
    GroupSend,
    GroupShow,
    GroupWelcome,
)
from bot.language.intents import Help, NotUnderstood
from bot.language.staff import understand
from bot.language.times import Recurrence

DAY_AND_NIGHT = (Shift("09:00", "21:00", ("小丽",)), Shift("21:00", "09:00", ("阿强",)))
WHOLE = ChannelNew(
    "门店海报", "您好，欢迎光临，看中了哪件？", ("门店", "海报"), "corp", ("小丽", "阿强"), 50, ("王姐",), DAY_AND_NIGHT
)
WEDNESDAY = Recurrence(20, 0, weekday=2)

LINES = [
    ("渠道", ChannelList()),
    ("渠道 列表", ChannelList()),
    ("有哪些渠道", ChannelList()),
    (
        "渠道 新建 门店海报 欢迎语 您好，欢迎光临，看中了哪件？ 标签 门店、海报 账号 corp 店员 小丽、阿强"
        " 上限 50 备用 王姐 时间 9:00-21:00 小丽；21:00-9:00 阿强",
        WHOLE,
    ),
    (
        "渠道新建　门店海报\n标签：门店，海报\n店员：小丽 阿强\n账号：corp\n欢迎语：您好，欢迎光临，看中了哪件？\n"
        "上限：５０人\n备用：王姐\n时间：9点到21点小丽，21点到9点阿强",
        WHOLE,
    ),
    ("渠道新建门店海报", ChannelNew("门店海报")),
    ("新建渠道 门店海报 标签门店 上限50", ChannelNew("门店海报", tags=("门店",), cap=50)),
    ("渠道 新建 朋友圈 歡迎語 您好\n第二行", ChannelNew("朋友圈", "您好\n第二行")),
    ("渠道 改 门店海报 上限 不限 备用 无", ChannelChange("门店海报", cap=0, spare=())),
    (
        "渠道 改 门店海报 時間 早上9点-晚上9点 小丽",
        ChannelChange("门店海报", shifts=(Shift("09:00", "21:00", ("小丽",)),)),
    ),
    ("渠道 看 门店海报", ChannelShow("门店海报")),
    ("渠道 门店海报", ChannelShow("门店海报")),
    ("渠道 开业海报", ChannelShow("开业海报")),
    ("渠道 停 门店海报", ChannelSwitch("门店海报", on=False)),
    ("渠道 开 门店海报", ChannelSwitch("门店海报", on=True)),
    ("删除渠道 门店海报", ChannelDelete("门店海报")),
    ("帮助 渠道", Help("渠道")),
    ("社群", GroupList()),
    ("群", GroupList()),
    ("社群 看 老客群", GroupShow("老客群")),
    ("社群老客群", GroupShow("老客群")),
    ("社群 默认", GroupDefaults()),
    ("社群 默认 老客服务群 ＝ 老客群", GroupDefaults("老客服务群", "老客群")),
    ("社群 码 老客群", GroupCode("老客群")),
    ("社群 歡迎 老客群 欢迎您\n有事说", GroupWelcome("老客群 欢迎您\n有事说")),
    ("群 规则 老客群 不发广告", GroupRules("老客群 不发广告")),
    ("群 计划 周三 分享会", GroupPlan("", "分享会", every=Recurrence(10, 0, weekday=2))),
    ("群计划 老客群 每周三 20点 分享会 今晚聊", GroupPlan("老客群", "分享会 今晚聊", every=WEDNESDAY)),
    ("社群 计划 老客群 周三 20:00 群发 今晚聊", GroupPlan("老客群", "今晚聊", every=WEDNESDAY, sends=True)),
    ("社群 计划 老客群 9月20日 20:00 见面会", GroupPlan("老客群", "见面会", at=at("09-20 20:00"))),
    ("社群 计划 取消 2", GroupPlanCancel(2)),
    ("社群 日历 老客群", GroupCalendar("老客群")),
    ("社群 群发 老客群、新客群 明天到新款", GroupSend("老客群、新客群 明天到新款")),
    ("帮助 社群", Help("社群")),
]


@pytest.mark.parametrize(("line", "meant"), LINES)
def test_a_line_means(line, meant, now):
    assert understand(line, now) == meant


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("渠道 新建", "渠道 新建 门店海报"),
        ("渠道 新建 门店海报 上限 很多", "上限"),
        ("渠道 改 门店海报", "改什么"),
        ("渠道 新建 门店海报 标签 a 标签 b", "说了两次"),
        ("渠道 新建 门店海报 时间 9:00-21:00 小丽；20:00-9:00 阿强", "重在一起"),
        ("渠道=门店海报", "人群 渠道=门店海报"),
        ("社群 计划 老客群 分享会", "什么时候"),
        ("社群 群发 老客群", "发什么"),
        ("群主是谁", "没看懂"),
    ],
)
def test_one_bad_part_is_named(line, part, now):
    answer = understand(line, now)
    assert isinstance(answer, NotUnderstood)
    assert part in answer.problem
