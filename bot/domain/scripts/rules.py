"""What may be written in a script (话术), and how a script becomes the text one person reads.

A script is text typed by a merchant, so it is held to a whitelist on its syntax tree before it is ever compiled:
text, ``{{ c.name }}`` with at most one listed filter, and ``if`` with comparisons. Rendering happens in Jinja's sandbox
all the same, on plain strings only, with a cap on what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NoReturn

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.delivery.rules import TEXT_BYTES
from bot.errors import Refusal

TEXT_LIMIT = 4_000  # characters of a script as written
OUTPUT_LIMIT = TEXT_BYTES  # of UTF-8 as sent
NESTING_LIMIT = 10  # an if inside an if, a bracket inside a bracket
TAG_LIMIT = 40  # tokens in one {{ }} or {% %}: keeps the parser's recursion far from Python's own limit
TRUNCATE_LIMIT = 100

FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "c": {
            "name": "顾客称呼",
            "number": "顾客编号",
            "grade": "顾客级别",
            "stage": "成交阶段",
            "birthday": "顾客生日",
            "last_item": "上次买的东西",
            "last_order_days": "距上次购买的天数",
            "spent": "累计消费",
            "points": "积分",
        },
        "shop": {"name": "店名", "address": "店铺地址", "phone": "店铺电话", "hours": "营业时间"},
        "a": {
            "title": "活动名称",
            "when": "活动时间",
            "left": "离活动开始还有多久",
            "place": "活动地点",
            "number": "活动编号",
        },
        "o": {"number": "单号", "items": "订单内容", "parcel": "快递单号", "carrier": "快递公司"},
        "p": {"holiday": "节日", "budget": "红包预算", "count": "红包个数", "group": "红包发给谁", "gift": "礼物"},
    }
)
VARIABLES: Mapping[str, str] = MappingProxyType(
    {f"{root}.{field}": label for root, fields in FIELDS.items() for field, label in fields.items()}
)
PERSONAL_ROOTS = frozenset({"c", "o"})  # what belongs to one customer; shop, activity and packet are the same for all

_FIELD_OF = {variable: variable.partition(".")[2] for variable in VARIABLES}
_TAGS = frozenset({"if", "elif", "else", "endif"})
_REFUSED_TOKENS = {"raw_begin": "{% raw %}", "comment_begin": "{# 注释 #}"}
_REFUSED_NODES: dict[type[nodes.Node], str] = {
    nodes.Call: "带括号的调用",
    nodes.Getitem: "方括号取值",
    nodes.BinExpr: "加减乘除",
    nodes.UnaryExpr: "正负号",
    nodes.Concat: "~ 拼接",
    nodes.CondExpr: "一行里的 if … else",
    nodes.Test: "is 判断",
    nodes.Filter: "一层以上的过滤器，或条件里的过滤器",
    nodes.Const: "单独写的文字或数字",
    nodes.Tuple: "逗号隔开的几个值",
    nodes.List: "列表",
    nodes.Dict: "字典",
}
_ALLOWED = '只能写文字、变量如 {{ c.name|default("亲") }}，和 {% if c.points > 100 %}…{% endif %}'


class ScriptError(Refusal):
    """A script that may not be kept; ``str(error)`` is a Chinese sentence naming the construct and what is allowed."""


class RenderError(Refusal):
    """A script that gave no text for this one person; ``str(error)`` says in Chinese what is missing."""


@dataclass(frozen=True)
class Problem:
    """One context of a trial that got no text: its place in the list (from 0) and the Chinese sentence why."""

    index: int
    sentence: str


# --- rendering ------------------------------------------------------------------------------------------------------


class _Missing(Undefined):
    """An empty field: false in a condition, unequal to every word, and refused where it would be shown."""

    __slots__ = ()

    def __str__(self) -> str:
        variable = str(self._undefined_name)
        raise RenderError(
            f'缺{VARIABLES[variable]}（{variable}），这一条没有发。补上资料，或在话术里写 {{{{ {variable}|default("…") }}}}'
        )


class _ScriptEnvironment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up ``attribute``, a full variable name such as ``o.items``, in its root's fields: keys only, so that no
        method of any object (``dict.items``) can be reached."""
        return obj.get(_FIELD_OF[attribute]) or self.undefined(name=attribute)


def _default(value: Any, words: str) -> str:
    return words if isinstance(value, Undefined) else value


def _truncate(value: Any, length: int) -> str:
    text = str(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def _number(value: Any) -> float:
    """The number a field's text stands for; an empty or wordy field is not a number and fails every comparison."""
    try:
        return float("nan" if isinstance(value, Undefined) else value)
    except ValueError:
        return float("nan")


def _new_environment() -> _ScriptEnvironment:
    environment = _ScriptEnvironment(undefined=_Missing, autoescape=False, keep_trailing_newline=True, cache_size=0)
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(default=_default, truncate=_truncate, number=_number)
    return environment


_ENVIRONMENT = _new_environment()


class Template:
    """A script ready to render any number of times, from any thread."""

    __slots__ = ("_root_render", "_roots", "text", "variables")

    def __init__(self, text: str, variables: frozenset[str]) -> None:
        tree = _ENVIRONMENT.parse(text)
        _prepare(tree)
        code = _ENVIRONMENT.compile(tree)
        self.text = text
        self.variables = variables
        self._roots = tuple(sorted({variable.partition(".")[0] for variable in variables}))
        self._root_render = _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, code, {}).root_render_func

    def render(self, context: Mapping[str, Mapping[str, str]]) -> str:
        """The text for one person.

        ``context``: the roots of ``FIELDS`` to their fields, all values strings ("" or absent: not known); numbers as
        plain digits, money in yuan ("1298.50"). Roots the script does not use may be left out. Raises RenderError when
        a field that is shown is empty and has no ``default``, when nothing is left to say, or over 2,048 bytes.
        """
        # A bare Context instead of jinja's own render(): that copies the globals for every message (see make bench).
        roots = {root: context.get(root) or {} for root in self._roots}
        pieces = []
        size = 0
        for piece in self._root_render(Context(_ENVIRONMENT, roots, None, {})):
            size += len(piece)
            if size > OUTPUT_LIMIT:  # one character is at least one byte: stop before a huge value is joined again
                raise _too_long()
            pieces.append(piece)
        text = "".join(pieces)
        if 4 * size > OUTPUT_LIMIT and len(text.encode()) > OUTPUT_LIMIT:
            raise _too_long()
        if not text.strip():
            raise RenderError("这一条没有字，没有发：话术里的条件都不成立。请加一句 {% else %}…")
        return text


def _too_long() -> RenderError:
    return RenderError(f"这一条超过 {OUTPUT_LIMIT} 字节（约 {OUTPUT_LIMIT // 3} 个汉字），没有发。请把话术改短")


def _prepare(tree: nodes.Template) -> None:
    """Give every attribute its full name, so that an empty field can be named, and compare numbers as numbers."""
    for variable in tree.find_all(nodes.Getattr):
        variable.attr = _variable_name(variable)
    for compare in tree.find_all(nodes.Compare):
        operand = compare.ops[0]
        if _is_number(operand.expr):
            compare.expr = _as_number(compare.expr)
        elif _is_number(compare.expr):
            operand.expr = _as_number(operand.expr)


def _as_number(node: nodes.Expr) -> nodes.Expr:
    return nodes.Filter(node, "number", [], [], None, None, lineno=node.lineno)


@lru_cache(maxsize=512)
def compile_template(text: str) -> Template:
    """The script ``text``, checked and compiled; compiled once per wording. Raises ScriptError like check_template."""
    return Template(text, check_template(text))


def is_personal(text: str) -> bool:
    """Whether the text differs by customer (uses ``c`` or ``o``), which closes the mass route. Raises ScriptError."""
    return any(variable.partition(".")[0] in PERSONAL_ROOTS for variable in check_template(text))


def missing(variables: Iterable[str], declared: Iterable[str]) -> frozenset[str]:
    """The variables used (``c.name``, …) that are not declared."""
    return frozenset(variables) - frozenset(declared)


def trial(text: str, contexts: Sequence[Mapping[str, Mapping[str, str]]]) -> list[Problem]:
    """Render ``text`` for each context and report those that got none. Raises ScriptError if the script is refused."""
    template = compile_template(text)
    problems = []
    for index, context in enumerate(contexts):
        try:
            template.render(context)
        except RenderError as error:
            problems.append(Problem(index, str(error)))
    return problems


# --- the whitelist --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def check_template(text: str) -> frozenset[str]:
    """The variables (``c.name``, ``shop.hours``, …) a permitted script uses.

    Raises ScriptError, with a Chinese sentence naming what is not permitted: anything but text, a known variable with
    at most one of ``default("words")`` and ``truncate(n)``, and ``if`` over variables, comparisons with a literal,
    ``and``, ``or``, ``not``; more than 4,000 characters; nesting deeper than 10.
    """
    _check_characters(text)
    try:
        _check_tokens(text)
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise ScriptError(
            f"话术第 {error.lineno} 行没看懂：括号要成对，引号和竖线用半角，"
            f"每个 {{% if %}} 配一个 {{% endif %}}。{_ALLOWED}"
        ) from error
    used: set[str] = set()
    _check_body(tree.body, used)
    return frozenset(used)


def _check_characters(text: str) -> None:
    if not text.strip():
        raise ScriptError("话术是空的，请写上要对顾客说的话")
    if len(text) > TEXT_LIMIT:
        raise ScriptError(f"话术有 {len(text)} 个字，超过 {TEXT_LIMIT} 个字。请改短")
    if not _is_storable(text):
        raise ScriptError("话术里有存不下的字符（空字符或残缺的表情）。请删掉后重新输入")
    if "｛｛" in text or "｛%" in text:  # would go out as it stands
        raise ScriptError("变量的花括号要用半角，写成 {{ c.name }}")


def _is_storable(text: str) -> bool:
    """No NUL and no lone surrogate: both break PostgreSQL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _check_tokens(text: str) -> None:
    """Refuse before parsing what the parser would hide (raw, comments) or choke on (depth)."""
    ifs = brackets = tokens = 0
    opens_tag = False
    for _line, kind, value in _ENVIRONMENT.lex(text):
        if kind in _REFUSED_TOKENS:
            raise _refused(_REFUSED_TOKENS[kind])
        if kind == "whitespace":
            continue
        if opens_tag:
            if value not in _TAGS:
                raise _refused(f"{{% {value[:20]} %}}")
            ifs += (value == "if") - (value == "endif")
        opens_tag = kind == "block_begin"
        if kind in ("block_begin", "variable_begin"):
            tokens = brackets = 0
        tokens += 1
        if kind == "operator":
            brackets += (value in "([{") - (value in ")]}")
        if ifs > NESTING_LIMIT or brackets > NESTING_LIMIT:
            raise ScriptError(f"话术套得太深：if 和括号都不能超过 {NESTING_LIMIT} 层")
        if tokens > TAG_LIMIT:
            raise ScriptError("话术里有一个条件太长，请拆成几个短的 {% if %}")


def _check_body(body: Iterable[nodes.Node], used: set[str]) -> None:
    for node in body:
        if isinstance(node, nodes.Output):
            for shown in node.nodes:
                if not isinstance(shown, nodes.TemplateData):
                    _check_shown(shown, used)
        elif isinstance(node, nodes.If):
            _check_condition(node.test, used)
            _check_body(node.body, used)
            _check_body(node.elif_, used)
            _check_body(node.else_, used)
        else:
            _refuse(node)


def _check_shown(node: nodes.Expr, used: set[str]) -> None:
    if not isinstance(node, nodes.Filter):
        _check_variable(node, used)
    elif node.node is None:
        _refuse(node)
    else:
        _check_filter(node)
        _check_variable(node.node, used)


def _check_filter(node: nodes.Filter) -> None:
    value = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) else None
    if node.name not in ("default", "truncate"):
        raise ScriptError(f'没有“{node.name[:20]}”这个过滤器。可以用 default("亲") 和 truncate(8)')
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        value = None
    if node.name == "default" and not (isinstance(value, str) and _is_storable(value)):
        raise ScriptError('default 后面要写一个词，像 {{ c.name|default("亲") }}')
    if node.name == "truncate" and not (type(value) is int and 1 <= value <= TRUNCATE_LIMIT):
        raise ScriptError(f"truncate 后面要写 1 到 {TRUNCATE_LIMIT} 的整数，像 {{{{ c.last_item|truncate(8) }}}}")


def _check_condition(node: nodes.Node, used: set[str]) -> None:
    if isinstance(node, nodes.And | nodes.Or):
        _check_condition(node.left, used)
        _check_condition(node.right, used)
    elif isinstance(node, nodes.Not):
        _check_condition(node.node, used)
    elif isinstance(node, nodes.Compare):
        _check_comparison(node, used)
    else:
        _check_variable(node, used)


def _check_comparison(node: nodes.Compare, used: set[str]) -> None:
    if len(node.ops) != 1:
        raise ScriptError("一次只能比一下：把 1 < c.points < 5 写成 c.points > 1 and c.points < 5")
    left, operator, right = node.expr, node.ops[0].op, node.ops[0].expr
    variable, literal = (left, right) if isinstance(left, nodes.Getattr) else (right, left)
    _check_variable(variable, used)
    if _is_number(literal):
        fits = operator not in ("in", "notin")
    elif _is_words(literal):
        fits = operator in ("eq", "ne") or (operator in ("in", "notin") and literal is left)
    elif isinstance(literal, nodes.List | nodes.Tuple) and all(_is_words(item) for item in literal.items):
        fits = operator in ("in", "notin") and literal is right
    else:
        raise ScriptError('变量只能和写好的词或数字比，像 c.grade == "A"、c.points > 100、c.grade in ["S", "A"]')
    if not fits:
        raise ScriptError("比大小要用数字，数字不加引号，像 c.points > 100；比词用 == 或 in")


def _is_number(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and type(node.value) in (int, float)


def _is_words(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _check_variable(node: nodes.Node, used: set[str]) -> None:
    if isinstance(node, nodes.Name):
        _refuse_name(node.name)
    if not isinstance(node, nodes.Getattr):
        _refuse(node)
    if isinstance(node.node, nodes.Getattr):
        raise ScriptError(f"变量只有一层，“.{node.attr[:20]}”去掉，写成 {{{{ c.name }}}}")
    if not isinstance(node.node, nodes.Name):
        _refuse(node.node)
    if node.node.name not in FIELDS:
        _refuse_name(node.node.name)
    variable = _variable_name(node)
    if variable not in VARIABLES:
        near = get_close_matches(variable, VARIABLES, 1) or [f"{node.node.name}.{next(iter(FIELDS[node.node.name]))}"]
        raise ScriptError(f"没有 {variable[:30]} 这个变量，您要的是不是 {near[0]}（{VARIABLES[near[0]]}）")
    used.add(variable)


def _variable_name(node: nodes.Getattr) -> str:
    return f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else node.attr


def _refuse_name(name: str) -> NoReturn:
    if name in FIELDS:
        raise ScriptError(f"{{{{ {name} }}}} 要写到哪一项，像 {{{{ {name}.{next(iter(FIELDS[name]))} }}}}")
    raise ScriptError(
        f"没有“{name[:20]}”这个变量。放称呼写 {{{{称呼}}}}，放店里的写 {{{{店名}}}}、{{{{店铺地址}}}}、{{{{营业时间}}}}"
    )


def _refuse(node: nodes.Node) -> NoReturn:
    words = next((words for kind, words in _REFUSED_NODES.items() if isinstance(node, kind)), "这种写法")
    raise _refused(words)


def _refused(construct: str) -> ScriptError:
    return ScriptError(f"话术里不能用{construct}。{_ALLOWED}")
