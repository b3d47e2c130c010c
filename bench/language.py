"""What one line costs until it is understood, without any database."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from bench.report import Section
from bot.language import warm_up
from bot.language.customers import understand_customer
from bot.language.staff import understand

NOW = datetime(2026, 9, 21, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
# A cold line pays for caches it fills; what is measured is what it costs in a bot that runs.
STAFF = (
    "帮助", "帮助 群发", "绑定 7F3K9Q", "员工 邀请", "查 小美", "小美 +VIP +意向A -C组", "标签 小美、张三 +北京 -上海",
    "给张三贴标签 VIP、北京", "改名 #12 小美", "新客", "新客 张姐 13800138000", "标签 合并 旧客 到 老客",
    "批量标签 Y & O +节日", "到店 小美", "消费 小美 298 连衣裙", "小美 消费两百九十八", "退款 小美 298", "级别 小美 A",
    "跟进 小美 b 聊了价格 下次发新款图 周五 预计500", "成交 小美 1.2万 大衣", "订单 小美", "下单 12", "发货 12 顺丰 SF123456",
    "签收 12", "用完 12 30天后", "资料 小美 生日 农历八月十五 衣码 L 电话 13800138000 爱好 瑜伽", "备注 小美 喜欢素色",
    "历史 小美", "今日", "下一批", "完成 3 说了新款", "推迟 3 明天", "人群 Y & O & !VIP & (北京|上海) & 未消费30天",
    "人群 保存 老客未复购 = M 且 未消费60天", "群发 M & 未消费60天 用 老客问候/新款到店 明天10点 对照10%", "进度 12", "暂停 12",
    "日历 添加 店庆 10月18日 每年", "提醒 周五15:00 给张姐打电话", "红包 计划 中秋 老客群 200元 20个",
    "活动 新建 中秋茶会 9月20日14:00 名额20 地点 本店 对象 VIP", "活动 名单 3", "签到 3 小美", "待回", "回 小美 您好,周末都在",
    "小美 到店 消费298 连衣裙 +VIP", "；".join(f"消费 顾客{n:02} 298 连衣裙" for n in range(25)), "小美 到店，" + "好看，" * 100,
    "撤销", "确认 7F3K", "2", "群髪 全部 用 問候", "qunfa 老客", "小美怎么没来", "消费 小美 一百块零五毛 又买了一件",
    "查 " + "、".join(f"顾客{n}" for n in range(20)), "备注 小美 " + "她说下次想看长一点的款式," * 40,
    "人群 " + " | ".join(f"标签{n}" for n in range(40)), "(" * 200, "消费" * 300, "好" * 2000,
)  # fmt: skip
CUSTOMERS = (
    "你们周末营业吗?我想带朋友来做护理", "退订", "TD", "别再给我发广告了", "我要退订金", "订阅", "活动", "报名 3", "取消报名 3",
    "我叫小美", "我的", "投诉 上次的衣服开线了", "建议 多进点大码", "人工", "退钱!骗人的店", "谢谢", "在吗", "?", "😀😀😀",
    "请问" + "这件衣服有没有大一号的" * 50, "不" * 1500, "退订 " * 300,
)  # fmt: skip


def measure(repeats: int) -> Section:
    """Each line ``repeats`` times, its median; then the median and the worst of all lines."""
    how = f"{len(STAFF)} staff lines and {len(CUSTOMERS)} customers' lines, from the manual and hostile ones; no database."
    section = Section("Chat lines understood", how)
    warm_up(NOW)
    costs = {line: _cost(understand, line, repeats) for line in STAFF}
    costs |= {line: _cost(understand_customer, line, repeats) for line in CUSTOMERS}
    middle, (worst, line) = median(costs.values()), max((cost, line) for line, cost in costs.items())
    section.add("median line", f"{middle * 1e6:,.0f} µs", "≤ 1,000 µs", middle <= 0.001)
    shown = line if len(line) <= 16 else f"{line[:16]}…"
    section.add(f"worst line (`{shown.replace('|', '¦')}`)", f"{worst * 1e6:,.0f} µs", "≤ 5,000 µs", worst <= 0.005)
    return section


def _cost(reader: Callable[[str, datetime], object], line: str, repeats: int) -> float:
    """Seconds of this process alone, so that other programs do not count."""
    reader(line, NOW)
    seconds = []
    for _ in range(repeats):
        began = time.process_time_ns()
        reader(line, NOW)
        seconds.append((time.process_time_ns() - began) / 1e9)
    return median(seconds)
