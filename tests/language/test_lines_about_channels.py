"""What staff say about channels."""

import pytest

from bot.language.channel_intents import (
    ChannelChange,
    ChannelDelete,
    ChannelList,
    ChannelNew,
    ChannelShow,
    ChannelSwitch,
    Shift,
)
from bot.language.intents import Help, NotUnderstood
from bot.language.staff import understand

DAY_AND_NIGHT = (Shift("09:00", "21:00", ("小丽",)), Shift("21:00", "09:00", ("阿强",)))
WHOLE = ChannelNew(
    "门店海报", "您好，欢迎光临，看中了哪件？", ("门店", "海报"), "corp", ("小丽", "阿强"), 50, ("王姐",), DAY_AND_NIGHT
)

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
    ],
)
def test_one_bad_part_is_named(line, part, now):
    answer = understand(line, now)
    assert isinstance(answer, NotUnderstood)
    assert part in answer.problem
