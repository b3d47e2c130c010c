"""What each errcode of WeCom means for us, and the words staff read about it.

Numbers as in the vendor's list of global error codes (manual, page 90313) and in the SDKs that follow it. The same
number means something else on an Official Account. ``errmsg`` is never read: its wording changes.
"""

from __future__ import annotations

from bot.platforms.meanings import MINUTE, Codes, Meaning, account, again, channel, defect, each, person

BUSY = -1
STALE_TOKEN = frozenset({40014, 42001})
NO_RELATION = 84061
NOBODY_REACHABLE = 41048
BAD_PARAMETER = 40058
TOO_FAST = 45009
TOO_MANY_AT_ONCE = 45033
BEING_DISPATCHED = 41063
WELCOME_ELSEWHERE = 41096
WRONG_SECRET = 40001

_CONSOLE = "企业微信管理后台"

_PERSON = {
    NO_RELATION: person("这位客户已经不是这位同事的好友了", "gone"),
    NOBODY_REACHABLE: person("发不到：这些客户都不是发送人的好友"),
    40096: person("平台不认识这位客户的编号，或加他的同事不在应用的可见范围"),
    40068: person("企业标签不存在了，同步后再试"),
    41050: person("欢迎语超过20秒，没来得及发"),
    41051: person("已经发过欢迎语，或客户已经在聊天"),
    41054: person("这位同事还没有激活企业微信"),
    41094: person("今天已经提醒过3次，明天再提醒"),
    43004: person("这位同事没有绑定微信插件"),
    46004: person("企业里没有这位同事"),
    60011: person("应用没有这位同事、部门或标签的权限，请把他放进应用的可见范围"),
    60111: person("企业里没有这位同事"),
    50002: person("这位同事不在应用的可见范围"),
    81011: person("应用只能改自己创建的标签"),
    81013: person("收件人都无效，没有发出"),
    84071: person("客户的授权码无效或已用过"),
    84074: person(f"这位同事没有客户联系的权限，请到{_CONSOLE} → 客户联系 → 权限配置添加"),
    **each((84083, 84084), person("这位同事不是这位客户的跟进人")),
    90500: person("群主还没有离职，不能按离职交接"),
    90501: person("这个群不是客户群"),
    90502: person("群主已经离职，请按离职交接"),
    **each((95001, 95002), person("等客户再说话才能发")),
}

_CREDENTIAL = {
    **each(STALE_TOKEN, again("平台不认刚换的访问凭证，稍后自动再试", 30.0)),
    WRONG_SECRET: account(f"Secret 不对，或应用被停用，请到{_CONSOLE}核对应用的 Secret 再改配置"),
    40013: account("企业ID 不对，请核对配置里的 corp_id"),
    40056: account("AgentId 不对，请核对配置里的 agent_id"),
    40091: account(f"Secret 不对，请到{_CONSOLE}核对应用的 Secret 再改配置"),
    41001: again("访问凭证没有带上，稍后自动再试", 30.0),
    41002: account("配置里缺少 corp_id，请补上"),
    41004: account("配置里缺少 secret，请补上"),
    50003: account(f"应用被停用了，请到{_CONSOLE}启用"),
    60020: account(f"服务器的 IP 不在企业可信IP里，请到{_CONSOLE} → 应用 → 企业可信IP 添加", MINUTE),
}

_QUOTA = {
    # The block lasts as long as the limit's window, of which the code says nothing; the shortest is tried first.
    TOO_FAST: channel("调用太频繁，平台让等一分钟，会自动继续", MINUTE + 5),
    TOO_MANY_AT_ONCE: again("同时查得太多，稍后自动再查", 5.0),
    BEING_DISPATCHED: again("群发任务正在下发，稍后自动再查", 5.0),
    WELCOME_ELSEWHERE: again("别的应用正在发欢迎语，马上再试", 2.0),
    BUSY: again("企业微信忙，稍后自动再试", MINUTE),
}

_RIGHTS = {
    41057: channel(f"企业没有绑定微信开发者ID，查不到 unionid，请到{_CONSOLE} → 客户联系 → API 绑定"),
    43009: channel("企业还没有认证，不能用这个功能"),
    48002: channel(f"应用不能用这个接口，请到{_CONSOLE} → 客户联系 → 可调用接口的应用，把它选上"),
    48003: channel("应用的授权不对，请重新授权"),
    48004: channel("应用的授权被取消了，请重新授权"),
    48006: channel(f"接口太久没用被收回了，请管理员到{_CONSOLE}重新开启"),
    50001: channel(f"网页的域名没有登记，请到{_CONSOLE}的应用里设置可信域名"),
    41055: channel("入群欢迎语已满100个，请先删掉几个"),
    701008: channel("企业没有可用的互通账号，请到企业微信购买"),
}

_ROBOT = {
    93000: channel("群机器人的地址不对，或机器人已被移出群，请重新添加再改配置"),
    **each((93004, 93008), channel("群机器人被停用或不在群里了，请重新添加再改配置")),
}

_CALLER = {
    **each((40031, 40032, 40033), defect("名单里有无效的编号，或名单太长")),
    BAD_PARAMETER: defect("请求不合平台的规定：名单或文字太长，或少了一项"),
    40063: defect("请求里有一项是空的，请升级程序"),
    **each((40004, 40005, 40006, 40007, 40008, 40009), defect("素材过期或不合要求，请重新上传再发")),
    **each((44001, 44002, 44003, 44004), defect("内容是空的，请补上")),
    **each((45001, 45002, 45003, 45004, 45005, 45006, 45007, 45008), defect("内容太长或文件太大，请缩短再发")),
    **each((41056, 41058), defect("这是别的应用创建的，只能由它来改")),
    **each((41061, 41062), defect("朋友圈任务或可见范围不对")),
    41064: defect("附件太多，最多9个"),
    **each((43001, 43002, 43003, 47001), defect("请求的方式或格式不对，请升级程序")),
    45029: defect("一次查得太多，请分小一些再查"),
    48005: defect("这个接口停用了，请升级程序"),
    81017: defect("群主太多，请分批按群主查"),
    82001: defect("指定的同事、部门、标签都无效"),
    301002: defect("访问凭证是别的应用的，请核对 agent_id 和 secret"),
    301059: defect("请求的内容不对，请升级程序"),
}

_CODES: dict[int, Meaning] = _PERSON | _CREDENTIAL | _QUOTA | _RIGHTS | _ROBOT | _CALLER
CODES = Codes(
    called="企业微信",
    meanings=_CODES,
    stale=STALE_TOKEN,
    busy=frozenset({BUSY}),
    too_fast=frozenset({TOO_FAST, TOO_MANY_AT_ONCE}),
    wrong_secret=WRONG_SECRET,
)
