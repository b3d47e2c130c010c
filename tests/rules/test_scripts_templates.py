"""What may be written in a script, and what a person then reads."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.scripts.rules import (
    OUTPUT_LIMIT,
    VARIABLES,
    Problem,
    RenderError,
    ScriptError,
    check_template,
    compile_template,
    is_personal,
    missing,
    trial,
)

MEI = {"name": "小美", "number": "12", "grade": "A", "last_item": "正山小种红茶", "points": "120", "spent": "1298.50"}
SHOP = {"name": "一间茶铺", "hours": "10:00-22:00", "address": "", "phone": ""}


def render(text, **context):
    return compile_template(text).render(context)


# --- what is permitted ------------------------------------------------------------------------------------------------


def test_plain_text_goes_out_exactly_as_typed():
    text = "  明天 100% 到货 {x} } # % $\n第二行\n"
    assert render(text) == text
    assert check_template(text) == frozenset()


def test_a_variable_is_filled_in_for_this_person():
    assert render("{{ c.name }},{{shop.name}}到新茶了", c=MEI, shop=SHOP) == "小美,一间茶铺到新茶了"


def test_the_items_of_an_order_are_the_items_and_no_method_of_a_dict():
    assert render("{{ o.items }}已发出", o={"items": "连衣裙"}) == "连衣裙已发出"


def test_a_name_that_looks_like_code_is_shown_as_that_text():
    hostile = "{{7*7}}{% for x in y %}<script>'; DROP %n"
    assert render('{{ c.name|default("亲") }},您好', c={"name": hostile}) == hostile + ",您好"


@pytest.mark.parametrize("context", [{}, {"c": {}}, {"c": {"name": ""}}])
def test_an_empty_field_takes_its_default(context):
    assert compile_template('{{ c.name|default("亲") }},到货了').render(context) == "亲,到货了"


@pytest.mark.parametrize("context", [{}, {"c": {}}, {"c": {"birthday": ""}}])
def test_an_empty_field_without_default_fails_that_row_and_names_the_field(context):
    with pytest.raises(RenderError, match=r"缺顾客生日（c\.birthday）"):
        compile_template("生日 {{ c.birthday }}").render(context)
    with pytest.raises(RenderError, match="上次买的东西"):
        compile_template("{{ c.last_item|truncate(4) }}").render(context)


def test_a_failed_row_leaves_the_next_one_alone():
    template = compile_template("{{ c.name }},到货了")
    with pytest.raises(RenderError):
        template.render({"c": {}})
    assert template.render({"c": MEI}) == "小美,到货了"


def test_a_long_product_name_is_cut():
    assert render("{{ c.last_item|truncate(4) }}", c=MEI) == "正山小…"
    assert render("{{ c.last_item|truncate(6) }}", c=MEI) == "正山小种红茶"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("c.points", True),
        ("not c.points", False),
        ("c.birthday", False),
        ("c.points > 99", True),
        ("c.points >= 120.5", False),
        ("9 < c.points", True),
        ("c.points == 120", True),
        ("c.spent == 1298.5", True),
        ("c.birthday < 5", False),
        ("c.birthday > 5", False),
        ("c.name > 5", False),
        ('c.grade == "A"', True),
        ('c.grade != "A"', False),
        ('c.birthday == "A"', False),
        ('c.grade in ["S", "A"]', True),
        ('c.grade not in ("S", "A")', False),
        ('"红茶" in c.last_item', True),
        ('"红茶" not in c.birthday', True),
        ('c.points > 100 and (c.grade == "B" or shop.hours)', True),
    ],
)
def test_conditions_compare_numbers_as_numbers_and_words_as_words(condition, holds):
    text = f"{{% if {condition} %}}是{{% else %}}否{{% endif %}}"
    assert render(text, c=MEI, shop=SHOP) == ("是" if holds else "否")


def test_elif_takes_the_first_that_holds():
    text = "{% if c.points > 500 %}金{% elif c.points > 100 %}银{% elif c.points > 50 %}铜{% else %}无{% endif %}"
    told = [render(text, c={"points": points}) for points in ("900", "101", "60", "0", "")]
    assert told == ["金", "银", "铜", "无", "无"]


def test_nothing_left_to_say_is_not_sent_as_an_empty_message():
    with pytest.raises(RenderError, match="没有字"):
        render("{% if c.points > 500 %}金{% endif %}\n", c=MEI)


def test_variables_are_reported_wherever_they_stand():
    used = check_template(
        '{% if c.points > 5 and shop.hours %}{{ c.name|default("亲") }}{% elif a.title %}{% else %}{{ o.parcel }}'
        "{% endif %}"
    )
    assert used == {"c.points", "shop.hours", "c.name", "a.title", "o.parcel"}
    assert missing(used, ["c.points", "shop.hours", "c.name"]) == {"a.title", "o.parcel"}
    assert used <= set(VARIABLES)


@pytest.mark.parametrize(
    ("text", "personal"),
    [
        ("店里到新茶了", False),
        ("{{ shop.name }},{{ a.title }},{{ p.holiday }}", False),
        ('{{ c.name|default("亲") }}', True),
        ("{% if c.points > 5 %}有礼{% endif %}", True),
        ("{{ o.parcel }}", True),
    ],
)
def test_only_what_belongs_to_one_customer_closes_the_mass_route(text, personal):
    assert is_personal(text) is personal


def test_a_trial_says_who_would_get_nothing_and_why():
    problems = trial("{{ c.name }},到货了", [{"c": MEI}, {"c": {}}, {}])
    assert [problem.index for problem in problems] == [1, 2]
    assert problems[0] == Problem(1, problems[1].sentence)
    assert "顾客称呼" in problems[0].sentence
    assert trial("到货了", [{}, {"c": MEI}]) == []


def test_the_same_wording_is_compiled_once():
    assert compile_template("只编译一次 {{ c.name }}") is compile_template("只编译一次 {{ c.name }}")


# --- the cap on what comes out ----------------------------------------------------------------------------------------


def test_text_up_to_the_platforms_limit_goes_out_and_one_byte_more_does_not():
    fits = OUTPUT_LIMIT // 3
    assert len(render("{{ c.name }}", c={"name": "茶" * fits})) == fits
    assert render("{{ c.name }}", c={"name": "t" * OUTPUT_LIMIT})
    for too_long in ("茶" * (fits + 1), "t" * (OUTPUT_LIMIT + 1), "😀" * 513):
        with pytest.raises(RenderError, match="2048"):
            render("{{ c.name }}", c={"name": too_long})


def test_a_huge_value_used_often_stops_early():
    with pytest.raises(RenderError):
        render("{{ c.name }}" * 300, c={"name": "x" * 5_000_000})


# --- what is refused --------------------------------------------------------------------------------------------------

DEEP = 11
HOSTILE = [
    # reaching for Python
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ c.__init__ }}",
    "{{ c.__class__.__base__ }}",
    "{{ c._private }}",
    "{{ c.name.__class__ }}",
    "{{ c.name.upper() }}",
    "{{ c.name.upper }}",
    "{{ c.items }}",
    "{{ c.items() }}",
    "{{ c.get('name') }}",
    "{{ c.pop('name') }}",
    "{{ c['name'] }}",
    "{{ c.name[0] }}",
    "{{ c.name[:5] }}",
    "{{ c|attr('name') }}",
    "{{ c.name|attr('__class__') }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ request.application }}",
    "{{ config }}",
    "{{ joiner() }}",
    "{{ namespace(x=1).x }}",
    "{{ range(9) }}",
    "{{ dict(a=1) }}",
    "{{ loop.index }}",
    "{{ varargs }}",
    "{{ environment }}",
    # filling the memory or the day
    "{{ c.name * 9999999 }}",
    "{{ 'x' * 999999999 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ '%1000000s'|format('') }}",
    "{{ c.name|center(1000000) }}",
    "{{ c.name|indent(1000000) }}",
    "{{ c.name ~ c.name }}",
    "{{ c.name + '元' }}",
    "{{ c.points // 2 }}",
    "{{ 7*7 }}",
    "{{ -c.points }}",
    # more than one filter, or not a listed one
    "{{ c.name|upper }}",
    "{{ c.name|safe }}",
    "{{ c.name|default('亲')|truncate(3) }}",
    "{{ (c.name|default('亲'))|truncate(3) }}",
    "{{ c.name|default(shop.name) }}",
    "{{ c.name|default }}",
    "{{ c.name|default('亲', true) }}",
    "{{ c.name|default(default_value='亲') }}",
    "{{ c.name|default(*c.points) }}",
    "{{ c.name|default(**c) }}",
    "{{ c.name|default(7) }}",
    "{{ c.name|default('\\ud800') }}",
    "{{ c.name|truncate(0) }}",
    "{{ c.name|truncate(true) }}",
    "{{ c.name|truncate(9999999) }}",
    "{{ c.points|number }}",
    "{{ c.name|map('upper') }}",
    # expressions that are no variable
    "{{ }}",
    "{{ c }}",
    "{{ c.nmae }}",
    "{{ x }}",
    "{{ 'words' }}",
    "{{ 42 }}",
    "{{ none }}",
    "{{ [c.name] }}",
    "{{ {'a': c.name} }}",
    "{{ c.name, c.name }}",
    "{{ c.name if c.points else c.grade }}",
    "{{ c.name is defined }}",
    "{{ c.name == '小美' }}",
    "{{ not c.name }}",
    "{{ c.name or shop.name }}",
    "{{ c.name is divisibleby(0) }}",
    # statements
    "{% for x in c %}{{ x }}{% endfor %}",
    "{% for x in range(10**9) %}{% endfor %}",
    "{% set x = c.name %}",
    "{% set x %}text{% endset %}",
    "{% set ns.x = 1 %}",
    "{% include 'passwd' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% macro m() %}{% endmacro %}",
    "{% call c.name() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with x = 1 %}{% endwith %}",
    "{% autoescape false %}{% endautoescape %}",
    "{% do c.pop() %}",
    "{% trans %}x{% endtrans %}",
    "{% debug %}",
    "{% raw %}{{ c.name }}{% endraw %}",
    "{# 注释 #}",
    "{%%}",
    "{% %}",
    "{% 如果 %}",
    # conditions beyond a comparison with a literal
    "{% if true %}x{% endif %}",
    "{% if 1 %}x{% endif %}",
    "{% if c %}x{% endif %}",
    "{% if c.name == c.grade %}x{% endif %}",
    "{% if 1 == 1 %}x{% endif %}",
    "{% if 1 < c.points < 5 %}x{% endif %}",
    "{% if c.points > '5' %}x{% endif %}",
    "{% if c.points > -5 %}x{% endif %}",
    "{% if c.points > 5 * 9 %}x{% endif %}",
    "{% if c.points in 5 %}x{% endif %}",
    "{% if c.grade in 'SA' %}x{% endif %}",
    "{% if c.grade in ['S', c.name] %}x{% endif %}",
    "{% if ['S'] == c.grade %}x{% endif %}",
    "{% if c.grade == none %}x{% endif %}",
    "{% if c.grade == true %}x{% endif %}",
    "{% if c.name, c.grade %}x{% endif %}",
    "{% if c.name is defined %}x{% endif %}",
    "{% if c.name|default('x') == 'x' %}x{% endif %}",
    "{% if c.name() %}x{% endif %}",
    "{% if (c.name if c.grade else c.points) %}x{% endif %}",
    # what does not close, and what is too deep or too long
    "{{",
    "{{ c.name",
    "{{ c.name }",
    "{% if c.name %}",
    "{% endif %}",
    "{% else %}",
    "{% elif c.name %}",
    "{% if c.name %}{% else %}{% else %}{% endif %}",
    "{% if c.name %}{% endif %}{% endif %}",
    "{{ c.name|default(“亲”) }}",
    "｛｛ c.name ｝｝",
    "{% if c.name %}" * DEEP + "x" + "{% endif %}" * DEEP,
    "{% if " + "(" * DEEP + "c.name" + ")" * DEEP + " %}x{% endif %}",
    "{{ " + "(" * 1900 + "c.name" + ")" * 1900 + " }}",
    "{% if " + "not " * 900 + "c.name %}x{% endif %}",
    "{% if " + " or ".join(["c.name"] * 100) + " %}x{% endif %}",
    "{{ " + "-" * 3000 + "1 }}",
    "{{ c" + ".name" * 500 + " }}",
    "{% if c.name %}" * 250,
    "茶" * 4001,
    "",
    " \n ",
    "空字符\0",
    "半个表情\ud83d",
]


def test_the_corpus_is_worth_its_name():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:40]))
def test_everything_off_the_list_is_refused_in_a_chinese_sentence(text):
    with pytest.raises(ScriptError) as refusal:
        check_template(text)
    assert any("一" <= character <= "鿿" for character in str(refusal.value))
    assert len(str(refusal.value)) < 200
    with pytest.raises(ScriptError):
        compile_template(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% for x in c %}{% endfor %}", "{% for %}"),
        ("{{ c.name.upper() }}", "带括号的调用"),
        ("{{ c['name'] }}", "方括号取值"),
        ("{{ c.points * 2 }}", "加减乘除"),
        ("{{ c.name|upper }}", "upper"),
        ("{{ c.nmae }}", "c.name"),
        ("{{ x.name }}", "“x”"),
        ("{% raw %}{% endraw %}", "{% raw %}"),
        ("第一行\n{{ c.name }\n", "第 2 行"),
        ("茶" * 4001, "4001"),
        ("{% if c.points > '5' %}x{% endif %}", "数字不加引号"),
    ],
)
def test_the_refusal_names_what_to_change(text, words):
    with pytest.raises(ScriptError) as refusal:
        check_template(text)
    assert words in str(refusal.value)


def test_what_is_just_small_enough_is_kept():
    check_template("茶" * 4000)
    check_template("{% if c.name %}" * (DEEP - 1) + "x" + "{% endif %}" * (DEEP - 1))


# --- anything at all --------------------------------------------------------------------------------------------------

PIECES = (
    "{{ }} {% %} {# #} {{- -%} if elif else endif for in not and or is raw endraw set c shop o . , | ( ) [ ] == > < * "
    "~ - + : ' \" 5 1e999 name points items default truncate('x') default('亲') __class__ c.name o.items c.points>5 亲 "
    "\\ \0"
)
FRAGMENTS = st.sampled_from([*PIECES.split(" "), "\n"])
LINES = st.one_of(
    st.text(max_size=80), st.lists(FRAGMENTS, max_size=40).map(" ".join), st.lists(FRAGMENTS).map("".join)
)
VALUES = st.dictionaries(st.sampled_from(["name", "points", "items", "hours"]), st.text(max_size=900), max_size=4)


@settings(max_examples=400, deadline=None)
@given(text=LINES, fields=VALUES)
@example(text="{{ c.name }}", fields={})
@example(
    text='{% if c.points > 5 %}{{ o.items|default("亲") }}{% endif %}', fields={"points": "nan", "items": "{{ c }}"}
)
def test_no_text_escapes_our_own_refusals(text, fields):
    try:
        template = compile_template(text)
        rendered = template.render({"c": fields, "shop": fields, "o": fields})
    except (ScriptError, RenderError):
        return
    assert len(rendered.encode()) <= OUTPUT_LIMIT
    if not template.variables:
        assert rendered == text.replace("\r\n", "\n").replace("\r", "\n")
