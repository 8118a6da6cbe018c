"""Answers to surveys as one long table: respondent, customer, item, answer, date, and whom it is about.

| column | content |
| --- | --- |
| `respondent` | who answered: text or number |
| `customer` | the customer that the respondent belongs to: text or number |
| `item` | the question, as the item map or the design of the survey names it |
| `answer` | a number; a question that wasn't answered has no row |
| `date` | year-month-day |
| `about` | optional: the supplier that is judged; empty, or without the column: ourselves |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.reading import Fault, Unreadable, read_amounts, read_days

Vector = NDArray[np.float64]

COLUMNS = ("respondent", "customer", "item", "answer", "date")
US = ""
"""`about` for ourselves."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A row per respondent and supplier judged, a column per item; NaN where nothing was answered.

    Of several answers to one item the latest counts (of one day the last row). `dates` is the last day
    on which the row was answered.
    """

    respondents: tuple[str, ...]
    customers: tuple[str, ...]
    about: tuple[str, ...]
    dates: NDArray[np.datetime64]
    items: tuple[str, ...]
    answers: Vector

    def of(self, *items: str) -> Vector:
        """The columns of these items; raises ValueError for one that nobody was asked.

        >>> answers_of({"respondent": [1], "customer": [7], "item": ["q1"], "answer": [4.0],
        ...     "date": ["2026-05-01"]}).of("q1").tolist()
        [[4.0]]
        """
        places = {name: k for k, name in enumerate(self.items)}
        for item in items:
            if item not in places:
                raise ValueError(
                    f"nobody answered {item!r}; the items are: {', '.join(self.items)}"
                )
        return self.answers[:, [places[item] for item in items]]


def with_facts(answers: Answers, facts: Mapping[str, Mapping[str, float]]) -> Answers:
    """`answers` and what isn't asked but known: prices paid, hours waited, visits needed.

    `facts` goes by item and customer; an item stands in every row of the customer about ourselves, as if
    the respondent had said it. Raises ValueError for an item that was asked, too.

    >>> asked = answers_of({"respondent": [1], "customer": ["c"], "item": ["q1"], "answer": [4.0],
    ...     "date": ["2026-05-01"]})
    >>> with_facts(asked, {"hours": {"c": 2.5}}).of("hours").tolist()
    [[2.5]]
    """
    both = sorted(set(facts) & set(answers.items))
    if both:
        raise ValueError(f"{both[0]!r} was asked and is given as a fact: choose one")
    columns = [
        [
            known.get(customer, np.nan) if about == US else np.nan
            for customer, about in zip(answers.customers, answers.about, strict=True)
        ]
        for known in facts.values()
    ]
    added = np.array(columns, dtype=np.float64).T.reshape(len(answers.answers), len(facts))
    return replace(
        answers,
        items=(*answers.items, *facts),
        answers=np.column_stack([answers.answers, added]),
    )


def answers_of(source: Any, fault: Fault | None = None) -> Answers:
    """Answers from columns: an Arrow table, or a mapping of names to lists.

    Raises `Unreadable` with row and column for what is missing or no number or date, and for a
    respondent who belongs to two customers; `fault` makes the error of a row (from 0), a column and
    what is wrong, so that a file can name its lines.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = source if isinstance(source, pa.Table) else pa.table(source)
    for name in COLUMNS:
        if name not in table.column_names:
            raise Unreadable(
                f"there is no column {name!r} of answers; "
                f"the columns are: {', '.join(table.column_names)}"
            )

    fault = fault or _of_table
    for name in ("respondent", "customer", "item"):
        empty = pc.index(pc.or_kleene(pc.is_null(table[name]), _blank(table[name])), True).as_py()
        if empty >= 0:
            raise fault(empty, name, f"the {name} is missing; fill it in or take the row out")
    answer = read_amounts(table["answer"], "answer", fault)
    day = read_days(table["date"], "date", fault)
    respondent, customer, item = (
        _texts(table[name]) for name in ("respondent", "customer", "item")
    )
    about = _texts(table["about"]) if "about" in table.column_names else np.full(len(day), US)
    return _laid_out(respondent, customer, item, about, answer, day, fault)


def _of_table(row: int, column: str, what: str) -> Unreadable:
    return Unreadable(f"row {row + 1}, column {column!r}: {what}")


def _blank(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.equal(pc.utf8_trim_whitespace(column.cast(pa.string())), "")


def _texts(column: Any) -> NDArray[np.str_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.fill_null(pc.utf8_trim_whitespace(column.cast(pa.string())), US)
    return np.array(plain.to_pylist(), dtype=np.str_)


def _laid_out(
    respondent: NDArray[np.str_],
    customer: NDArray[np.str_],
    item: NDArray[np.str_],
    about: NDArray[np.str_],
    answer: Vector,
    day: NDArray[np.int32],
    fault: Fault,
) -> Answers:
    items, column = np.unique(item, return_inverse=True)
    who, own = np.unique(respondent, return_inverse=True)
    whom, judged = np.unique(about, return_inverse=True)
    rows, first, row = np.unique(
        own * max(len(whom), 1) + judged, return_index=True, return_inverse=True
    )
    one_each = np.full(len(who), -1)
    one_each[own] = np.unique(customer, return_inverse=True)[1]
    two = np.flatnonzero(one_each[own] != np.unique(customer, return_inverse=True)[1])
    if len(two):
        raise fault(
            int(two[0]), "customer", f"{respondent[two[0]]!r} belongs to two customers; correct one"
        )
    found = np.full((len(rows), len(items)), np.nan)
    order = np.lexsort((np.arange(len(day)), day))
    found[row[order], column[order]] = answer[order]
    last = np.full(len(rows), np.iinfo(np.int32).min)
    np.maximum.at(last, row, day)
    return Answers(
        respondents=tuple(respondent[first].tolist()),
        customers=tuple(customer[first].tolist()),
        about=tuple(about[first].tolist()),
        dates=last.astype("datetime64[D]"),
        items=tuple(items.tolist()),
        answers=found,
    )
