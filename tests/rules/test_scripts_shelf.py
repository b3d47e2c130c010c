"""The shelf of wording: every shipped script can go out as it stands, and a wrong file is named."""

import pytest

from bot.domain.scripts.library import Library, LibraryError, at, load
from bot.domain.scripts.rules import FIELDS, VARIABLES, RenderError, ScriptError, compile_template, is_personal, trial

SHELF = load()
FULL = {
    "c": {
        "name": "小美",
        "number": "12",
        "grade": "A",
        "stage": "③",
        "birthday": "5月1日",
        "last_item": "正山小种红茶",
        "last_order_days": "120",
        "spent": "1298.50",
        "points": "120",
    },
    "shop": {"name": "一间茶铺", "address": "东街18号", "phone": "0592-5550123", "hours": "10:00-22:00"},
    "a": {"title": "中秋茶会", "when": "9月20日14:00", "left": "两个小时", "place": "本店", "number": "3"},
    "o": {"number": "12", "items": "正山小种红茶两罐", "parcel": "SF1234567890", "carrier": "顺丰"},
    "p": {"holiday": "中秋", "budget": "200", "count": "20", "group": "老客群", "gift": "月饼一块"},
}
EMPTY = {root: dict.fromkeys(fields, "") for root, fields in FIELDS.items()}

each_script = pytest.mark.parametrize("script", list(SHELF), ids=lambda script: script.key)


def only(variables):
    """A context in which nothing is known but ``variables``."""
    return {
        root: {field: FULL[root][field] if f"{root}.{field}" in variables else "" for field in fields}
        for root, fields in FIELDS.items()
    }


# --- every script we ship ---------------------------------------------------------------------------------------------


def test_the_shelf_is_full_enough_and_in_order():
    assert len(SHELF) >= 45
    keys = [script.key for script in SHELF]
    assert keys == sorted(keys)
    assert {key.partition("/")[0] for key in keys} == {
        *("welcome", "visit", "needs", "upgrade", "vip", "holidays", "aftersale", "complaints", "activities"),
        *("bot", "redpacket"),
    }


def test_the_context_of_these_tests_knows_every_variable():
    assert {f"{root}.{field}" for root, fields in FULL.items() for field in fields} == set(VARIABLES)


@each_script
def test_it_gives_a_short_clean_text_for_who_is_well_known(script):
    text = compile_template(script.text).render(FULL)
    assert text == text.strip()
    assert 8 <= len(text) <= 120
    assert "{" not in text
    assert "}" not in text


@each_script
def test_it_gives_a_text_for_a_stranger_or_declares_what_it_cannot_do_without(script):
    template = compile_template(script.text)
    assert template.render(only(script.required))
    for needed in script.required:
        with pytest.raises(RenderError, match=needed):
            template.render(only(set(VARIABLES) - {needed}))
    assert bool(trial(script.text, [EMPTY])) is bool(script.required)


ADVERTISING_LAW = "最 第一 首选 国家级 绝对 100% 顶级 极致 唯一 独家 全网 永久 根治 特效 万能 史上"
INDUCEMENT = "转发 分享 朋友圈 关注 集赞 点赞 助力 扫码领"
MONEY_BAIT = "红包 优惠券 券 满减 现金"  # the platform takes none of these in a template message


@each_script
def test_it_says_nothing_the_law_or_the_platform_forbids(script):
    forbidden = f"{ADVERTISING_LAW} {INDUCEMENT}"
    if script.scene != "redpacket":
        forbidden += f" {MONEY_BAIT}"
    assert [word for word in forbidden.split() if word in script.text] == []


@each_script
def test_its_punctuation_is_what_a_reader_of_chinese_expects(script):
    rendered = compile_template(script.text).render(FULL)
    assert [mark for mark in ",?!;" if mark in rendered] == []


def test_a_wish_fits_the_field_of_a_packet_handed_out_by_hand():
    wishes = [script for script in SHELF if script.name.endswith("红包祝语")]
    assert len(wishes) >= 5
    for script in wishes:
        assert len(compile_template(script.text).render(FULL)) <= 25


@pytest.mark.parametrize(
    ("stem", "audience_class"), [("到店礼", "N"), ("新品问需", "Y&O"), ("升级搭配", "Y&M"), ("VIP关怀", "VIP")]
)
def test_each_class_has_its_three_approaches(stem, audience_class):
    scripts = SHELF.named([stem + group for group in "ABC"])
    assert [script.group for script in scripts] == ["A", "B", "C"]
    assert {script.audience_class for script in scripts} == {audience_class}
    assert len({script.text for script in scripts}) == 3


@pytest.mark.parametrize("name", ["到店礼A", "到店礼B", "到店礼C"])
def test_the_gift_goes_by_mass_send_even_when_the_shop_has_told_nothing_of_itself(name):
    script = SHELF.get(name)
    assert not is_personal(script.text)
    assert compile_template(script.text).render({})


BIG_DAYS = "元旦 除夕 春节 元宵 母亲节 端午 七夕 中秋 国庆 重阳 冬至 生日"


@pytest.mark.parametrize("holiday", BIG_DAYS.split())
def test_no_big_day_goes_without_words(holiday):
    assert any(script.scene == "holidays" and script.name.startswith(holiday) for script in SHELF)


# --- finding one ------------------------------------------------------------------------------------------------------


def test_merchants_ask_by_name_and_our_code_by_key():
    assert SHELF.get("到店礼A") == at("visit/gift_a")
    assert SHELF.get("没有这个") is None
    assert [script.name for script in SHELF.named(["到店礼B", "到店礼A"])] == ["到店礼B", "到店礼A"]


def test_a_misspelt_name_gets_its_neighbours():
    with pytest.raises(ScriptError, match=r"“到点礼A”.*到店礼A"):
        SHELF.named(["到店礼A", "到点礼A"])


def test_the_shelf_is_read_once():
    assert load() is SHELF


# --- a file that is not right -----------------------------------------------------------------------------------------

GOOD = {
    "name": '"开业问候"',
    "scene": '"visit"',
    "class": '"N"',
    "group": '""',
    "purpose": '"marketing"',
    "variables": '["c.name"]',
    "required": "[]",
    "version": "1",
}


@pytest.fixture
def shelf(tmp_path):
    (tmp_path / "visit").mkdir()

    def write(file="opening.md", text='{{ c.name|default("亲") }}，开业了', **changed):
        fields = {key: value for key, value in (GOOD | changed).items() if value is not None}
        front = "".join(f"{key} = {value}\n" for key, value in fields.items())
        (tmp_path / "visit" / file).write_text(f"+++\n{front}+++\n{text}\n", encoding="utf-8")
        return tmp_path

    return write


def test_a_right_file_becomes_a_script(shelf):
    (script,) = load(shelf(required='["c.name"]'))
    assert (script.key, script.name, script.audience_class, script.version) == ("visit/opening", "开业问候", "N", 1)
    assert (script.variables, script.required) == (("c.name",), ("c.name",))
    assert script.text == '{{ c.name|default("亲") }}，开业了'


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": '"有 空格"'}),
        ("name", {"name": '"到店礼A/到店礼B"'}),
        ("name", {"name": '""'}),
        ("name", {"name": None}),
        ("name", {"name": "7"}),
        ("scene", {"scene": '"needs"'}),
        ("class", {"class": '"Z"'}),
        ("group", {"group": '"D"'}),
        ("purpose", {"purpose": '"spam"'}),
        ("variables", {"variables": "[]"}),
        ("variables", {"variables": '["c.name", "c.points"]'}),
        ("variables", {"variables": "[1]"}),
        ("required", {"required": '["c.points"]'}),
        ("version", {"version": "0"}),
        ("version", {"version": "true"}),
        ("version", {"version": '"1"'}),
        ("colour", {"colour": '"red"'}),
        ("text", {"text": "{{ c.name * 9 }}"}),
        ("text", {"text": ""}),
        ("TOML", {"name": "开业"}),
    ],
)
def test_a_wrong_file_is_named_with_its_field(shelf, field, changed):
    with pytest.raises(LibraryError, match=rf"visit/opening\.md: .*{field}"):
        load(shelf(**changed))


@pytest.mark.parametrize("content", ["", "开业了", "+++\nname = 1\n", "先有字\n+++\nversion = 1\n+++\n开业了"])
def test_a_file_without_its_block_is_named(tmp_path, content):
    (tmp_path / "visit").mkdir()
    (tmp_path / "visit" / "bare.md").write_text(content, encoding="utf-8")
    with pytest.raises(LibraryError, match=r"visit/bare\.md: .*\+\+\+"):
        load(tmp_path)


def test_two_files_may_not_carry_one_name(shelf):
    shelf()
    with pytest.raises(LibraryError, match=r"visit/opening\.md.*visit/again\.md"):
        load(shelf(file="again.md"))


def test_a_missing_shelf_says_so(tmp_path):
    with pytest.raises(LibraryError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_an_empty_library_is_a_library():
    assert list(Library([])) == []
