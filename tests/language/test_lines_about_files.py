"""What staff say about files, the shop and automatic replies, with the slots it fills."""

import pytest
from said import HE, TWELVE, XIAOMEI, ZHANG

from bot.language.customer_intents import History
from bot.language.file_intents import (
    AutoReplies,
    AutoReplyDelete,
    AutoReplyWrite,
    Birth,
    FileEdit,
    FileShow,
    Find,
    Merge,
    Photos,
    ShopFactEdit,
    ShopFacts,
)
from bot.language.intents import NotUnderstood
from bot.language.staff import understand
from bot.language.tag_intents import TagJoin

MID_AUTUMN = Birth(8, 15, None, lunar=True)
LINES = [
    ("资料 小美", FileShow(XIAOMEI)),
    ("小美 资料", FileShow(XIAOMEI)),
    ("小美的资料", FileShow(XIAOMEI)),
    ("档案 #12", FileShow(TWELVE)),
    ("客户资料 他", FileShow(HE)),
    (
        "资料 小美 生日 农历八月十五 衣码 L 电话 13800138000 爱好 瑜伽",
        FileEdit(XIAOMEI, (("size", "L"), ("phone", "13800138000"), ("leisure", "瑜伽")), MID_AUTUMN),
    ),
    (
        "资料 小美 爱好 瑜伽 电话：138 0013 8000，衣码:L，生日是农历八月十五",
        FileEdit(XIAOMEI, (("leisure", "瑜伽"), ("phone", "13800138000"), ("size", "L")), MID_AUTUMN),
    ),
    ("資料 小美 愛好 瑜伽", FileEdit(XIAOMEI, (("leisure", "瑜伽"),))),
    (
        "资料小美 女 35岁 L码 汉族",
        FileEdit(XIAOMEI, (("sex", "女"), ("size", "L码"), ("ethnic", "汉族")), Birth(year=1991)),
    ),
    ("资料 小美 生日1990年5月1日，爱好瑜伽", FileEdit(XIAOMEI, (("leisure", "瑜伽"),), Birth(5, 1, 1990))),
    ("资料 小美 1990-05-01生 男", FileEdit(XIAOMEI, (("sex", "男"),), Birth(5, 1, 1990))),
    ("资料 小美 生日 19900501", FileEdit(XIAOMEI, (), Birth(5, 1, 1990))),
    ("资料 小美 生日 农历1990年八月十五", FileEdit(XIAOMEI, (), Birth(8, 15, 1990, lunar=True))),
    ("资料 小美 生日 5月1日 年龄 40", FileEdit(XIAOMEI, (), Birth(5, 1, 1986))),
    (
        "资料 小美 家庭 两个孩子，大的上小学 工作 老师",
        FileEdit(XIAOMEI, (("family", "两个孩子，大的上小学"), ("work", "老师"))),
    ),
    ("资料 小美 爱好 工作之余看书", FileEdit(XIAOMEI, (("leisure", "工作之余看书"),))),
    ("资料 小美 描述 爱笑，喜欢带孩子来", FileEdit(XIAOMEI, (("description", "爱笑，喜欢带孩子来"),))),
    (
        "资料 他 邮箱 a@b.com 微信 abc_1 城市 北京市",
        FileEdit(HE, (("email", "a@b.com"), ("wechat", "abc_1"), ("city", "北京"))),
    ),
    ("资料 小美 删除 电话 生日", FileEdit(XIAOMEI, removed=("phone", "birth"))),
    ("照片 小美", Photos(XIAOMEI)),
    ("小美 照片", Photos(XIAOMEI)),
    ("照片 小美 2", Photos(XIAOMEI, 2)),
    ("照片 小美 删除 第2张", Photos(XIAOMEI, 2, remove=True)),
    ("合并 小美 张姐", Merge(XIAOMEI, ZHANG)),
    ("合并 小美、张姐", Merge(XIAOMEI, ZHANG)),
    ("合并 小美 和 #12", Merge(XIAOMEI, TWELVE)),
    ("標籤 合併 旧 到 新", TagJoin("旧", "新")),
    ("找 蓝色连衣裙", Find("蓝色连衣裙")),
    ("搜 蓝色 裙子", Find("蓝色 裙子")),
    ("查找 “羊绒”", Find("羊绒")),
    ("历史 小美", History(XIAOMEI)),
    ("历史 小美 2", History(XIAOMEI, 2)),
    ("历史 #12 第3页", History(TWELVE, 3)),
    ("小美 历史 2", History(XIAOMEI, 2)),
    ("店铺", ShopFacts()),
    ("店铺 营业 10:00-22:00", ShopFactEdit((("hours", "10:00-22:00"),))),
    ("店铺 营业时间：10点到22点", ShopFactEdit((("hours", "10点到22点"),))),
    ("店铺 地址 建国路88号 电话 010-88886666", ShopFactEdit((("address", "建国路88号"), ("phone", "010-88886666")))),
    ("店铺 电话 删除", ShopFactEdit((("phone", ""),))),
    ("自动回复", AutoReplies()),
    (
        "自动回复 几点开门、营业时间 = 10点到22点,周一休息",
        AutoReplyWrite(("几点开门", "营业时间"), "10点到22点,周一休息"),
    ),
    ("自动回复 停车＝楼下有\n免费的", AutoReplyWrite(("停车",), "楼下有\n免费的")),
    ("自动回复 删除 2", AutoReplyDelete(2)),
]
UNCLEAR = [
    ("资料", "哪位"),
    ("资料 小美 哈哈", "哈哈"),
    ("资料 小美 衣码 L 哈哈", "哈哈"),
    ("资料 小美 衣码", "还没写"),
    ("资料 小美 电话 1380013", "11 位"),
    ("资料 小美 生日 2月30日", "没有2月30日"),
    ("资料 小美 生日 1850年5月1日", "生日"),
    ("资料 小美 衣码 L 衣码 M", "两个"),
    ("资料 小美 年龄 200", "年龄"),
    ("资料 小美、张姐 衣码 L", "一位"),
    ("资料 小美 邮箱 abc", "邮箱"),
    ("照片 小美 好看", "好看"),
    ("合并 小美", "两位"),
    ("合并 小美 张姐 #12", "两位"),
    ("找", "找什么"),
    ("店铺 电话 abc", "abc"),
    ("店铺 营业 随便", "随便"),
    ("自动回复 停车", "="),
    ("自动回复 活动 = 没有", "活动"),
    ("自动回复 12315 = 没有", "12315"),
]


@pytest.mark.parametrize(("line", "intent"), LINES, ids=[line for line, _ in LINES])
def test_staff_are_understood(line, intent, now):
    assert understand(line, now) == intent


@pytest.mark.parametrize(("line", "part"), UNCLEAR, ids=[line for line, _ in UNCLEAR])
def test_one_bad_part_is_named(line, part, now):
    meant = understand(line, now)
    assert isinstance(meant, NotUnderstood)
    assert part in meant.problem
