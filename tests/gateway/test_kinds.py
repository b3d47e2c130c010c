"""Every kind of message and event the platform sends is accepted, kept, and answered in time."""

# Source: vendor manual, Receiving_standard_messages and Receiving_event_pushes; for events seen in the field only, the
# SDKs that carry them.
MESSAGES = {
    "text": "<Content><![CDATA[你好]]></Content>",
    "image": "<PicUrl><![CDATA[http://mmbiz.example/p/1]]></PicUrl><MediaId><![CDATA[m-img-1]]></MediaId>",
    "voice": "<MediaId><![CDATA[m-voc-1]]></MediaId><Format><![CDATA[amr]]></Format>"
    "<MediaId16K><![CDATA[m-voc-1-16]]></MediaId16K>",
    "video": "<MediaId><![CDATA[m-vid-1]]></MediaId><ThumbMediaId><![CDATA[m-thb-1]]></ThumbMediaId>",
    "shortvideo": "<MediaId><![CDATA[m-sv-1]]></MediaId><ThumbMediaId><![CDATA[m-thb-2]]></ThumbMediaId>",
    "location": "<Location_X>31.230416</Location_X><Location_Y>121.473701</Location_Y><Scale>16</Scale>"
    "<Label><![CDATA[黄浦区]]></Label>",
    "link": "<Title><![CDATA[标题]]></Title><Description><![CDATA[摘要]]></Description>"
    "<Url><![CDATA[https://a.example/1]]></Url>",
}
KEY = "<EventKey><![CDATA[{}]]></EventKey>"
SCAN_CODE = (
    "<ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[ORDER-1]]></ScanResult></ScanCodeInfo>"
)
PICTURES = (
    "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum><![CDATA[0f]]></PicMd5Sum></item></PicList></SendPicsInfo>"
)
PLACE = (
    "<SendLocationInfo><Location_X><![CDATA[31.2]]></Location_X><Location_Y><![CDATA[121.4]]></Location_Y>"
    "<Scale><![CDATA[15]]></Scale><Label><![CDATA[某路1号]]></Label><Poiname><![CDATA[]]></Poiname></SendLocationInfo>"
)
COPYRIGHT = (
    "<CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>1</CheckState></CopyrightCheckResult>"
    "<ArticleUrlResult>\n</ArticleUrlResult>"
)
POPUP = (
    "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[tpl-A]]></TemplateId>"
    "<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>1</PopupScene></List>"
    "<List><TemplateId><![CDATA[tpl-B]]></TemplateId><SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString>"
    "<PopupScene>1</PopupScene></List></SubscribeMsgPopupEvent>"
)
CHANGE = (
    "<SubscribeMsg{0}Event><List><TemplateId><![CDATA[tpl-A]]></TemplateId>"
    "<SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString></List></SubscribeMsg{0}Event>"
)
SENT = (
    "<SubscribeMsgSentEvent><List><TemplateId><![CDATA[tpl-A]]></TemplateId><MsgID>1700000000000000001</MsgID>"
    "<ErrorCode>0</ErrorCode><ErrorStatus><![CDATA[success]]></ErrorStatus></List></SubscribeMsgSentEvent>"
)
PUBLISHED = (
    "<PublishEventInfo><publish_id>1</publish_id><publish_status>0</publish_status><article_id><![CDATA[a]]></article_id>"
    "<article_detail><count>1</count><item><idx>1</idx><article_url><![CDATA[http://a.example]]></article_url></item>"
    "</article_detail></PublishEventInfo>"
)
PERSONAL = "<OpenID><![CDATA[oDemo1]]></OpenID><AppID><![CDATA[wxdemo]]></AppID><RevokeInfo><![CDATA[6]]></RevokeInfo>"
FAILED = "<FailTime>1790000000</FailTime><FailReason><![CDATA[资料不全]]></FailReason>"
EVENTS = [
    ("subscribe", KEY.format("")),
    ("subscribe", KEY.format("qrscene_ch_spring01") + "<Ticket><![CDATA[gQH-demo]]></Ticket>"),
    ("unsubscribe", KEY.format("")),
    ("SCAN", KEY.format("ch_spring01") + "<Ticket><![CDATA[gQH-demo]]></Ticket>"),
    ("LOCATION", "<Latitude>31.23</Latitude><Longitude>121.47</Longitude><Precision>65.0</Precision>"),
    ("CLICK", KEY.format("M_POINTS")),
    ("VIEW", KEY.format("https://shop.example/m") + "<MenuId>500000001</MenuId>"),
    ("view_miniprogram", KEY.format("pages/home") + "<MenuId>500000001</MenuId>"),
    ("scancode_push", KEY.format("M_SCAN") + SCAN_CODE),
    ("scancode_waitmsg", KEY.format("M_SCAN") + SCAN_CODE),
    ("pic_sysphoto", KEY.format("M_PIC") + PICTURES),
    ("pic_photo_or_album", KEY.format("M_PIC") + PICTURES),
    ("pic_weixin", KEY.format("M_PIC") + PICTURES),
    ("location_select", KEY.format("M_LOC") + PLACE),
    (
        "MASSSENDJOBFINISH",
        "<MsgID>1000000777</MsgID><Status><![CDATA[send success]]></Status><TotalCount>300</TotalCount>"
        "<FilterCount>297</FilterCount><SentCount>296</SentCount><ErrorCount>1</ErrorCount>" + COPYRIGHT,
    ),
    ("MASSSENDJOBFINISH", "<MsgID>1000000778</MsgID><Status><![CDATA[err(20431)]]></Status>"),
    ("TEMPLATESENDJOBFINISH", "<MsgID>700000001</MsgID><Status><![CDATA[failed:user block]]></Status>"),
    ("TEMPLATESENDJOBFINISH", "<MsgID>700000002</MsgID><Status><![CDATA[failed: system failed]]></Status>"),
    ("PUBLISHJOBFINISH", PUBLISHED),
    ("subscribe_msg_popup_event", POPUP),
    ("subscribe_msg_change_event", CHANGE.format("Change")),
    ("subscribe_msg_change_event", CHANGE.format("Popup")),
    ("subscribe_msg_sent_event", SENT),
    ("user_info_modified", PERSONAL),
    ("user_authorization_revoke", PERSONAL),
    ("user_authorization_cancellation", PERSONAL),
    ("kf_create_session", "<KfAccount><![CDATA[a01@shop]]></KfAccount>"),
    ("kf_close_session", "<KfAccount><![CDATA[a01@shop]]></KfAccount>"),
    (
        "kf_switch_session",
        "<FromKfAccount><![CDATA[a01@shop]]></FromKfAccount><ToKfAccount><![CDATA[a02@shop]]></ToKfAccount>",
    ),
    ("qualification_verify_success", "<ExpiredTime>1790000000</ExpiredTime>"),
    ("qualification_verify_fail", FAILED),
    ("naming_verify_success", "<ExpiredTime>1790000000</ExpiredTime>"),
    ("naming_verify_fail", FAILED),
    ("annual_renew", "<ExpiredTime>1790000000</ExpiredTime>"),
    ("verify_expired", "<ExpiredTime>1790000000</ExpiredTime>"),
    ("card_pass_check", "<CardId><![CDATA[c1]]></CardId>"),
    ("user_get_card", "<CardId><![CDATA[c1]]></CardId><IsGiveByFriend>0</IsGiveByFriend>"),
    ("something_brand_new", "<Whatever><![CDATA[1]]></Whatever>"),
    ("something_brand_new", "<List><A>1</A></List><List><A>2</A></List>"),
    ("", ""),
]
UNCLEAR = (
    "<MsgType><![CDATA[telepathy]]></MsgType>",
    "",
    "<MsgType><![CDATA[text]]></MsgType>",
    "<MsgType><![CDATA[text]]></MsgType><Content>a</Content><Content>b</Content>",
    "<MsgType><![CDATA[text]]></MsgType><Content><b>nested</b></Content>",
    "<MsgType><![CDATA[image]]></MsgType>",
    "<MsgType><![CDATA[event]]></MsgType>",
)


def rows(shop):
    return shop.rows("SELECT kind, state FROM inbox ORDER BY id")


def test_every_message_is_kept_before_staff(shop, mei):
    for number, (kind, fields) in enumerate(MESSAGES.items()):
        answer = shop.push(mei.xml(f"<MsgType><![CDATA[{kind}]]></MsgType>{fields}<MsgId>{9100 + number}</MsgId>"))
        assert answer.status == 200
        assert rows(shop)[-1] == (kind, "done")
    assert [record["type"] for record in shop.export("messages")] == list(MESSAGES)


def test_every_event_is_accepted(shop, mei):
    shop.later(seconds=1)
    accepted = [shop.push(mei.event_xml(name, inner)) for name, inner in EVENTS]
    assert [answer.status for answer in accepted] == [200] * len(EVENTS)
    kept = rows(shop)[2:]
    assert len(kept) == len(EVENTS)
    assert {state for _kind, state in kept} <= {"done", "ignored"}
    assert "抱歉" not in "".join(shop.read(answer) for answer in accepted)


def test_an_event_nobody_handles_is_kept_and_changes_nothing(shop, mei):
    before, kept = mei.file, len(rows(shop))
    for name in ("something_brand_new", "user_info_modified", "LOCATION", "VIEW", "TEMPLATESENDJOBFINISH"):
        assert shop.push(mei.event_xml(name, "<Whatever>1</Whatever>")).body == b"success"
    assert len(rows(shop)) == kept + 5
    assert mei.file == before


def test_what_cannot_be_understood_is_kept_and_answered(shop, mei):
    kept = len(rows(shop))
    for number, inner in enumerate(UNCLEAR):
        answer = shop.push(mei.xml(f"{inner}<MsgId>{9200 + number}</MsgId>"))
        assert (answer.status, answer.body) == (200, b"success"), inner
    assert len(rows(shop)) == kept + len(UNCLEAR)
    assert shop.export("messages") == []
    assert {state for _kind, state in rows(shop)[kept:]} == {"ignored"}


def test_the_helper_behind_a_mass_job_becomes_no_customer(shop, mei):
    helper = mei.event_xml("MASSSENDJOBFINISH", dict(EVENTS)["MASSSENDJOBFINISH"]).replace(mei.openid, "oMassHelper01")
    assert shop.push(helper).body == b"success"
    assert len(shop.export("customers")) == 1


def test_an_item_tapped_in_a_menu_message_is_read_like_a_typed_word(shop, mei):
    inner = (
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[退订]]></Content>"
        "<bizmsgmenuid>101</bizmsgmenuid><MsgId>9300</MsgId>"
    )
    shop.push(mei.xml(inner))
    assert mei.file["opted_out"] is True


def test_such_a_tap_opens_no_48_hours(shop, boss, mei):
    shop.later(hours=49)
    inner = "<MsgType>text</MsgType><Content>好的</Content><bizmsgmenuid>101</bizmsgmenuid><MsgId>9301</MsgId>"
    shop.push(mei.xml(inner))
    shop.later(minutes=2)
    assert "人工发 1 位" in boss.says("群发 全部 用 到店礼A")
