"""What each errcode of the Official Account platform means for us, and the words staff read about it.

Numbers as in the vendor manual (Global_Return_Code) and in the SDKs that follow it. The same number means something
else at WeCom, so the table is this platform's own. ``errmsg`` is never read: its wording changes.
"""

from __future__ import annotations

from bot.platforms.decisions import Decision
from bot.platforms.meanings import HOUR, MINUTE, Codes, Meaning, Until, account, again, channel, defect, each, person

BUSY = -1
STALE_TOKEN = frozenset({40001, 40014, 42001})
SAME_KEY_EXISTS = 45065
# Refusals of the platform's own overload: like BUSY, whether the message went in is open.
BUSY_CODES = frozenset({BUSY, 268487001, 268487002, 268488001})

_BUSY = again("微信平台忙，稍后自动再试", MINUTE)

_RECIPIENT = {
    40003: person("平台不认识这位客户的编号，可能是别的公众号的粉丝"),
    43004: person("客户没有关注公众号", "gone"),
    43005: person("要先和客户互相关注才能发"),
    43019: person("客户在公众号的黑名单里，移出后才能发", "blocked"),
    43101: person("客户没有订阅这条通知，或订阅次数用完了"),
    45015: person("客户超过48小时没有互动，或已取消关注，现在不能发", "window_closed"),
    45047: person("这次互动后能发的条数用完了，等客户再说话", "window_closed"),
    46004: person("平台上没有这位客户了", "gone"),
    48002: person("客户关掉了公众号的消息", "refuses"),
    49003: person("这位客户属于别的公众号"),
    50005: person("客户没有关注公众号", "gone"),
    70000: person("客户受未成年人保护，不能发"),
    47003: person("模板里有一项内容不合格式，请检查这位客户的资料"),
    40092: person("备注太长或有不允许的字，请改短（10个汉字以内）"),
    45059: person("客户身上的标签已满20个，请先去掉几个"),
}

_CREDENTIAL = {
    **each(STALE_TOKEN, again("平台不认刚换的访问凭证，稍后自动再试", 30.0)),
    40002: account("换取凭证的请求不对，请升级程序"),
    40013: account("AppID 不对，请核对配置里的 app_id"),
    40125: account("AppSecret 不对，请到公众平台核对或重置，再改配置里的 secret"),
    40164: account("服务器的 IP 不在白名单，请到公众平台把它加进 IP 白名单", 10 * MINUTE),
    40243: account("AppSecret 被冻结了，请到公众平台解冻"),
    41002: account("配置里缺少 app_id，请补上"),
    41004: account("配置里缺少 secret，请补上"),
    50004: account("公众号被禁止换取凭证，请到公众平台查看通知"),
    50007: account("公众号被冻结了，请到公众平台查看通知"),
    **each((61004, 61007, 61016), account("公众号没有授权给这个程序，请到公众平台重新授权")),
    **each((89501, 89503, 89506, 89507), account("新的服务器要管理员在微信里确认，请管理员点同意", HOUR)),
}

_QUOTA = {
    45009: channel("今天的接口次数用完了，明天0点后自动继续", Until.MIDNIGHT),
    45011: channel("发得太快，平台让等一分钟，会自动继续", Until.NEXT_MINUTE),
    45028: channel("群发次数用完了，明天0点后再试", Until.MIDNIGHT),
    48006: channel("本月清零次数用完了", Until.MIDNIGHT),
    42010: again("同一素材群发太密，一分钟后自动再试", MINUTE),
    45066: Meaning(Decision.SAME_KEY, "一分钟内重复提交，稍后自动核对", MINUTE),
    SAME_KEY_EXISTS: Meaning(Decision.SENT, ""),
    **each(BUSY_CODES, _BUSY),
}

_RIGHTS = {
    40200: channel("这类公众号不能用这个功能，请看账号是否已认证"),
    43116: channel("模板被限制使用，请到公众平台查看"),
    **each((40036, 40037), channel("模板不存在了，请到公众平台重新添加并改配置")),
    **each((40249, 40250, 40251, 40252), channel("模板内容被平台禁止或在审核，请到公众平台处理，先别换别的模板发")),
    45062: channel("账号开了广告，不能群发，请到公众平台查看"),
    45064: channel("没有菜单或用户管理的权限，请到公众平台开通"),
    48001: channel("公众号没有这个接口的权限，请看账号类型和认证"),
    48003: channel("还没同意群发协议，请到公众平台群发一次并同意"),
    48004: channel("这个接口被平台封禁了，请到公众平台查看通知"),
    48008: channel("没有发这类消息的权限，请换一种内容或开通权限"),
    50002: channel("公众号被限制，可能违规了，请到公众平台查看通知"),
    89504: Meaning(Decision.UNKNOWN, "群发在等管理员确认，请管理员30分钟内在微信里点同意"),
    89505: channel("管理员拒绝了群发，请和管理员说好再继续"),
    **each((9500001, 9500002), channel("群发被平台的额度或风控拦下，请到公众平台查看")),
}

_CONTENT = {
    **each((40004, 40005, 40006, 40008, 40009), defect("素材的类型或大小不合要求，请换一个")),
    40007: defect("素材过期了（平台只留三天），请重新上传再发"),
    40155: defect("内容里有别的公众号主页的链接，请去掉再发"),
    **each((40132, 40137), defect("图片格式不对，请换 JPG 或 PNG")),
    **each((44001, 44002, 44003, 44004), defect("内容是空的，请补上")),
    **each((45001, 45002, 45003, 45004, 45005, 45006, 45007), defect("内容太长或文件太大，请缩短再发")),
    45008: defect("图文只能放一篇，请减到一篇"),
    **each((45166, 87014), defect("内容没有通过平台审核，请修改再发")),
    **each((48021, 48022), defect("这个草稿或视频不能群发，请在公众平台重新保存")),
    **each((45110, 45113, 45162), defect("这种内容不能群发，请换一种")),
}

_TAGS = {
    45056: channel("标签已满100个，请先删掉或合并几个"),
    45057: defect("标签下的粉丝太多，不能直接删除，请先去掉粉丝的标签"),
    45058: defect("这是平台自带的标签，不能改"),
    45157: defect("标签名不合规定或已经有了，请换一个"),
    45158: defect("标签名太长，请缩到30个字以内"),
    45159: again("平台暂时找不到这个标签，稍后自动再试", 2.0),
    45169: again("客户的标签正在改，稍后自动再试", 2.0),
    45171: again("有几位客户没有打上标签，稍后自动再试", 2.0),
}

_CALLER = {
    40031: defect("客户名单里有无效的编号"),
    40032: defect("客户名单是空的或太长"),
    **each((40033, 40035, 40038, 47001), defect("请求的格式不对，请升级程序")),
    40039: defect("链接太长，请换短一点的"),
    **each((40052, 40053), defect("二维码的参数不对，或永久二维码用完了")),
    40059: again("群发任务刚建好还查不到，稍后自动再查", MINUTE),
    40130: defect("群发至少要两位客户，一位请单独发"),
    40152: defect("群发用的标签不存在，请重新选择"),
    **each((41001, 41003, 41005, 41006, 41007, 41008, 41009, 41030), defect("请求里少了一项，请升级程序")),
    **each((43001, 43002, 43003), defect("请求的方式不对，请升级程序")),
    45010: defect("菜单按钮太多，最多3个一级、每个5个二级"),
    45067: defect("群发的防重编号太长，请升级程序"),
    **each((46001, 46002, 46003), defect("要用的素材或菜单不存在，请重新上传或创建")),
    48005: defect("素材正被自动回复或菜单使用，不能删除"),
    **each((76021, 76022), defect("平台没有这个接口的用量可查")),
}

_CODES: dict[int, Meaning] = _RECIPIENT | _CREDENTIAL | _QUOTA | _RIGHTS | _CONTENT | _TAGS | _CALLER
CODES = Codes(
    called="微信平台",
    meanings=_CODES,
    stale=STALE_TOKEN,
    busy=BUSY_CODES,
    too_fast=frozenset({45011}),
    wrong_secret=40125,
)
