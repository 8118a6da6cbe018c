"""The language of computed fields: `c_sales / c_budget if c_budget else 0`.

A formula is parsed by Python's grammar and then understood node by node: names of fields, numbers, texts,
+ - * /, comparisons, and/or/not, `a if condition else b`, and the functions listed here. Whatever else the
grammar knows (attributes, calls of calls, powers, comprehensions, format strings) isn't in the language:
nothing of the text is ever run as Python.

Nothing in, nothing out: arithmetic with an empty field is empty, a comparison with one doesn't hold, division
by zero is empty. Each formula has one type, known when it is defined.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kezhi.core.refusal import Refused
from kezhi.records.fields import Label

LONGEST = 500
MOST_NODES = 200
DEEPEST = 30
MOST_DIGITS = 13
LONGEST_TEXT = 4000
EXACT = Context(prec=40, rounding=ROUND_HALF_UP, Emax=999, Emin=-999, traps=[])
LIMIT = Decimal(10) ** MOST_DIGITS
# What a Chinese keyboard writes; texts between quotes stay as they are.
WIDE = str.maketrans(
    "（），＋－＊×／÷＜＞＝！“”‘’。０１２３４５６７８９", "(),+-**//<>=!\"\"''.0123456789"
)


class Type(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    TRUTH = "truth"
    NOTHING = "nothing"  # of None alone: fits everywhere


WORDS: dict[Type, Label] = {
    Type.NUMBER: pgettext_lazy("type of a formula", "a number"),
    Type.TEXT: pgettext_lazy("type of a formula", "a text"),
    Type.DATE: pgettext_lazy("type of a formula", "a date"),
    Type.TRUTH: pgettext_lazy("type of a formula", "yes or no"),
    Type.NOTHING: pgettext_lazy("type of a formula", "nothing"),
}
Entries = Mapping[str, Any]
Part = Callable[[Entries], Any]


class BadFormula(Refused):
    """The formula isn't in the language; says where and what would do."""


@dataclass(frozen=True)
class Known:
    """A field that a formula may name: its type, and its entries if they are given."""

    type: Type
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formula:
    """An understood formula: its type, the fields that it reads, and how to compute it."""

    type: Type
    reads: frozenset[str]
    part: Part

    def __call__(self, entries: Entries) -> Any:
        """The outcome for these entries by name; None where something that is needed is missing."""
        try:
            outcome = self.part(entries)
        except (DecimalException, OverflowError):
            return None
        if isinstance(outcome, Decimal):
            return outcome if outcome.is_finite() and abs(outcome) < LIMIT else None
        return outcome or None if isinstance(outcome, str) else outcome


def understood(source: str, known: Mapping[str, Known]) -> Formula:
    """The formula that `source` means; raises `BadFormula`."""
    reader = _Reader(known)
    kind, part = reader.read(_tree(source))
    if kind is Type.NOTHING:
        raise BadFormula(_("This formula is always empty."))
    return Formula(kind, frozenset(reader.names), part)


def names_in(source: str) -> frozenset[str]:
    """The names in a formula that was understood when it was defined."""
    if not source:
        return frozenset()
    return frozenset(n.id for n in ast.walk(_tree(source)) if isinstance(n, ast.Name)) - FUNCTIONS


def in_names(source: str, by_label: Mapping[str, str]) -> str:
    """The formula with labels (年采购预算) replaced by the names of the fields that they mean."""
    source = _narrow(source)
    text = source.encode()
    found = [n for n in ast.walk(_tree(source)) if isinstance(n, ast.Name) and n.id in by_label]
    for node in sorted(found, key=lambda n: -n.col_offset):
        end = node.end_col_offset or node.col_offset
        text = text[: node.col_offset] + by_label[node.id].encode() + text[end:]
    return text.decode()


def _narrow(source: str) -> str:
    """One line, with the signs of a Chinese keyboard outside of quotes made plain."""
    source = " ".join(source.split())
    narrow, quote = "", ""
    for character in source:
        plain = character.translate(WIDE)
        if not quote:
            quote = plain if plain in ("'", '"') else ""
        elif plain == quote:
            quote = ""
        else:
            plain = character
        narrow += plain
    return narrow


def _tree(source: str) -> ast.expr:
    source = _narrow(source)
    if not source:
        raise BadFormula(_("Write a formula, such as c_sales / c_budget."))
    if len(source) > LONGEST:
        raise BadFormula(
            _("A formula has at most %(limit)d characters; compute a part of it in another field.")
            % {"limit": LONGEST}
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        place = min(error.offset or 1, len(source))
        raise BadFormula(
            _(
                "The formula breaks off at character %(place)d, near “%(near)s”. Check signs and brackets."
            )
            % {"place": place, "near": source[max(0, place - 6) : place + 5]}
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise BadFormula(
            _("This formula is nested too deeply. Use another field for a part.")
        ) from None
    _measure(tree)
    return tree


def _measure(tree: ast.expr) -> None:
    ahead: list[tuple[ast.AST, int]] = [(tree, 1)]
    count = 0
    while ahead:
        node, depth = ahead.pop()
        count += 1
        if count > MOST_NODES or depth > DEEPEST:
            raise BadFormula(_("This formula is nested too deeply. Use another field for a part."))
        ahead += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


# ---- from the tree to what can be computed ----

Typed = tuple[Type, Part]


class _Reader:
    """Understands one tree; `names` collects the fields that it reads."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self.known = known
        self.names: set[str] = set()

    def read(self, node: ast.expr) -> Typed:
        reader = _NODES.get(type(node))
        if reader is None:
            raise _at(node, _("This isn’t part of the language of formulas."))
        return reader(self, node)

    def name(self, node: ast.Name) -> Typed:
        field = self.known.get(node.id)
        if field is None:
            if node.id in FUNCTIONS:
                raise _at(
                    node,
                    _("“%(name)s” is a function: write %(name)s(…).") % {"name": node.id},
                )
            raise _at(
                node,
                _("There is no field “%(name)s” that can be computed with. Choose one of the list.")
                % {"name": node.id[:40]},
            )
        self.names.add(node.id)
        key = node.id
        return field.type, lambda entries: entries.get(key)

    def constant(self, node: ast.Constant) -> Typed:
        said = node.value
        if said is None:
            return Type.NOTHING, lambda entries: None
        if isinstance(said, bool):
            return Type.TRUTH, lambda entries: said
        if isinstance(said, str):
            return Type.TEXT, lambda entries: said
        if isinstance(said, int | float):
            number = Decimal(repr(said))
            if not number.is_finite() or abs(number) >= LIMIT:
                raise _at(node, _("This number is too large."))
            return Type.NUMBER, lambda entries: number
        raise _at(node, _("This isn’t part of the language of formulas."))

    def unary(self, node: ast.UnaryOp) -> Typed:
        kind, part = self.read(node.operand)
        if isinstance(node.op, ast.Not):
            self.demand(node.operand, kind, Type.TRUTH)
            return Type.TRUTH, lambda entries: not part(entries)
        if isinstance(node.op, ast.Invert):
            raise _at(node, _("This isn’t part of the language of formulas."))
        self.demand(node.operand, kind, Type.NUMBER)
        if isinstance(node.op, ast.UAdd):
            return kind, part
        return Type.NUMBER, lambda entries: _minus(part(entries))

    def binary(self, node: ast.BinOp) -> Typed:
        (left, one), (right, other) = self.read(node.left), self.read(node.right)
        found = _SUMS.get((type(node.op), left, right))
        if found is None:
            if type(node.op) not in (ast.Add, ast.Sub, ast.Mult, ast.Div):
                raise _at(node, _("Only + - * and / compute; write x * x for a square."))
            raise _at(
                node,
                _("%(left)s and %(right)s can’t be computed with each other here.")
                % {"left": WORDS[left], "right": WORDS[right]},
            )
        kind, compute = found

        def part(entries: Entries) -> Any:
            first, second = one(entries), other(entries)
            return None if first is None or second is None else compute(first, second)

        return kind, part

    def compare(self, node: ast.Compare) -> Typed:
        if len(node.ops) != 1:
            raise _at(node, _("Compare two at a time: a < b and b < c."))
        left, right = node.left, node.comparators[0]
        compute = _COMPARISONS.get(type(node.ops[0]))
        if compute is None:
            raise _at(node, _("Compare with ==, !=, <, <=, > or >=."))
        (one_kind, one), (other_kind, other) = self.read(left), self.read(right)
        if one_kind is not other_kind or one_kind is Type.NOTHING:
            raise _at(
                node,
                _(
                    "%(left)s can’t be compared with %(right)s. To ask for nothing, write is_empty(…)."
                )
                % {"left": WORDS[one_kind], "right": WORDS[other_kind]},
            )
        is_ordered = type(node.ops[0]) not in (ast.Eq, ast.NotEq)
        if one_kind is Type.TRUTH and is_ordered:
            raise _at(node, _("Yes and no have no order; compare with == or !=."))
        self._known_choice(left, right)
        self._known_choice(right, left)

        def part(entries: Entries) -> bool:
            first, second = one(entries), other(entries)
            return first is not None and second is not None and bool(compute(first, second))

        return Type.TRUTH, part

    def _known_choice(self, field: ast.expr, said: ast.expr) -> None:
        """A choice compared with an entry that it doesn't have would never hold."""
        if isinstance(field, ast.Name) and isinstance(said, ast.Constant):
            choices = self.known[field.id].choices if field.id in self.known else ()
            if choices and said.value not in choices:
                raise _at(
                    said,
                    _("“%(entry)s” is no entry of %(field)s. Its entries are: %(entries)s")
                    % {
                        "entry": str(said.value)[:40],
                        "field": field.id,
                        "entries": ", ".join(choices)[:200],
                    },
                )

    def boolean(self, node: ast.BoolOp) -> Typed:
        parts = []
        for each in node.values:
            kind, part = self.read(each)
            self.demand(each, kind, Type.TRUTH)
            parts.append(part)
        if isinstance(node.op, ast.And):
            return Type.TRUTH, lambda entries: all(part(entries) for part in parts)
        return Type.TRUTH, lambda entries: any(part(entries) for part in parts)

    def choice(self, node: ast.IfExp) -> Typed:
        asked, condition = self.read(node.test)
        self.demand(node.test, asked, Type.TRUTH)
        (one_kind, one), (other_kind, other) = self.read(node.body), self.read(node.orelse)
        kind = self.same(node, [one_kind, other_kind])
        return kind, lambda entries: one(entries) if condition(entries) else other(entries)

    def call(self, node: ast.Call) -> Typed:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if (
            name not in _CALLS
            or node.keywords
            or any(isinstance(a, ast.Starred) for a in node.args)
        ):
            raise _at(
                node,
                _("There is no such function. Known are: %(names)s")
                % {"names": ", ".join(sorted(FUNCTIONS))},
            )
        given = [self.read(argument) for argument in node.args]
        return _CALLS[name](self, node, given)

    def demand(self, node: ast.AST, kind: Type, wanted: Type) -> None:
        if kind is not wanted:
            raise _at(
                node,
                _("Here stands %(kind)s where %(wanted)s is needed.")
                % {"kind": WORDS[kind], "wanted": WORDS[wanted]},
            )

    def same(self, node: ast.AST, kinds: list[Type]) -> Type:
        """The one type of several parts; nothing fits every type."""
        said = {kind for kind in kinds if kind is not Type.NOTHING}
        if len(said) > 1:
            raise _at(node, _("The parts must be of one kind: all numbers, or all texts."))
        return said.pop() if said else Type.NOTHING

    def count(self, node: ast.Call, least: int, most: int) -> None:
        if not least <= len(node.args) <= most:
            raise _at(node, _("This function takes another number of entries."))


def _at(node: ast.AST, words: str) -> BadFormula:
    place = getattr(node, "col_offset", 0) + 1
    return BadFormula(_("At character %(place)d: %(words)s") % {"place": place, "words": words})


_NODES: dict[type[ast.expr], Callable[[_Reader, Any], Typed]] = {
    ast.Name: _Reader.name,
    ast.Constant: _Reader.constant,
    ast.UnaryOp: _Reader.unary,
    ast.BinOp: _Reader.binary,
    ast.Compare: _Reader.compare,
    ast.BoolOp: _Reader.boolean,
    ast.IfExp: _Reader.choice,
    ast.Call: _Reader.call,
}


# ---- signs ----


def _minus(number: Decimal | None) -> Decimal | None:
    return None if number is None else EXACT.minus(number)


def _divided(one: Decimal, other: Decimal) -> Decimal | None:
    return EXACT.divide(one, other) if other else None


def _joined(one: str, other: str) -> str:
    return (one + other)[:LONGEST_TEXT]


def _shifted(on: date, days: Decimal) -> date | None:
    try:
        return on + timedelta(days=int(days))
    except (OverflowError, ValueError):
        return None


def _days(one: date, other: date) -> Decimal:
    return Decimal((one - other).days)


N, T, D = Type.NUMBER, Type.TEXT, Type.DATE
_SUMS: dict[tuple[type[ast.operator], Type, Type], tuple[Type, Callable[[Any, Any], Any]]] = {
    (ast.Add, N, N): (N, EXACT.add),
    (ast.Sub, N, N): (N, EXACT.subtract),
    (ast.Mult, N, N): (N, EXACT.multiply),
    (ast.Div, N, N): (N, _divided),
    (ast.Add, T, T): (T, _joined),
    (ast.Sub, D, D): (N, _days),
    (ast.Add, D, N): (D, _shifted),
    (ast.Sub, D, N): (D, lambda on, days: _shifted(on, -days)),
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


# ---- functions ----


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., Typed]:
    def call(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
        reader.count(node, 1, 20)
        kind = reader.same(node, [each for each, _part in given])
        if kind not in (Type.NUMBER, Type.DATE):
            reader.demand(node, kind, Type.NUMBER)
        parts = [part for _kind, part in given]

        def part(entries: Entries) -> Any:
            known = [e for e in (each(entries) for each in parts) if e is not None]
            return choose(known) if known else None

        return kind, part

    return call


def _of_one(
    wanted: Type, outcome: Type, compute: Callable[[Any], Any]
) -> Callable[[_Reader, ast.Call, list[Typed]], Typed]:
    def call(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
        reader.count(node, 1, 1)
        kind, inner = given[0]
        reader.demand(node.args[0], kind, wanted)

        def part(entries: Entries) -> Any:
            entry = inner(entries)
            return None if entry is None else compute(entry)

        return outcome, part

    return call


def _round(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 1, 2)
    reader.demand(node.args[0], given[0][0], Type.NUMBER)
    places = 0
    if len(node.args) == 2:
        said = node.args[1]
        is_plain = isinstance(said, ast.Constant) and type(said.value) is int
        if not is_plain or not 0 <= said.value <= 6:  # type: ignore[attr-defined]
            raise _at(said, _("Write how many decimals are kept, from 0 to 6."))
        places = said.value  # type: ignore[attr-defined]
    unit, inner = Decimal(1).scaleb(-places), given[0][1]

    def part(entries: Entries) -> Any:
        number = inner(entries)
        return None if number is None else number.quantize(unit, context=EXACT)

    return Type.NUMBER, part


def _days_between(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 2, 2)
    for argument, (kind, _part) in zip(node.args, given, strict=True):
        reader.demand(argument, kind, Type.DATE)
    (_one, start), (_other, end) = given

    def part(entries: Entries) -> Any:
        first, last = start(entries), end(entries)
        return None if first is None or last is None else _days(last, first)

    return Type.NUMBER, part


def _join(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 2, 20)
    for argument, (kind, _part) in zip(node.args, given, strict=True):
        reader.demand(argument, kind, Type.TEXT)
    between, *parts = [part for _kind, part in given]

    def part(entries: Entries) -> str:
        known = [entry for entry in (each(entries) for each in parts) if entry]
        return str(between(entries) or "").join(known)[:LONGEST_TEXT]

    return Type.TEXT, part


def _coalesce(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 1, 20)
    kind = reader.same(node, [each for each, _part in given])
    parts = [part for _kind, part in given]

    def part(entries: Entries) -> Any:
        return next((e for e in (each(entries) for each in parts) if e is not None), None)

    return kind, part


def _is_empty(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 1, 1)
    inner = given[0][1]
    return Type.TRUTH, lambda entries: inner(entries) is None


def _contains(reader: _Reader, node: ast.Call, given: list[Typed]) -> Typed:
    reader.count(node, 2, 2)
    for argument, (kind, _part) in zip(node.args, given, strict=True):
        reader.demand(argument, kind, Type.TEXT)
    (_one, whole), (_other, sought) = given

    def part(entries: Entries) -> bool:
        text, piece = whole(entries), sought(entries)
        return bool(text) and bool(piece) and piece.lower() in text.lower()

    return Type.TRUTH, part


def _text(number: Decimal) -> str:
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


_CALLS: dict[str, Callable[[_Reader, ast.Call, list[Typed]], Typed]] = {
    "min": _extreme(min),
    "max": _extreme(max),
    "round": _round,
    "abs": _of_one(N, N, EXACT.abs),
    "len": _of_one(T, N, lambda text: Decimal(len(text))),
    "text": _of_one(N, T, _text),
    "year": _of_one(D, N, lambda on: Decimal(on.year)),
    "month": _of_one(D, N, lambda on: Decimal(on.month)),
    "days": _days_between,
    "join": _join,
    "coalesce": _coalesce,
    "is_empty": _is_empty,
    "contains": _contains,
}
FUNCTIONS = frozenset(_CALLS)
