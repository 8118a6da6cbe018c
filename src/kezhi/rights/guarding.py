"""A file doesn't bring back who asked to be forgotten: the row says so, and the rest comes in."""

from __future__ import annotations

from kezhi.customers.marking import digests, marks_of, name_mark
from kezhi.dataio import registry
from kezhi.dataio.staging import Work
from kezhi.rights.models import Suppression

FETCH = 5_000
KINDS = ("customer", "contact", "order")
READ = ("code", "name", "customer", "phone", "email", "wechat")


def refuse_the_forgotten(kind: str, work: Work) -> None:
    """Reject staged rows that carry a mark of an erased person. Costs nothing while nobody was erased."""
    if kind not in KINDS or not Suppression.objects.exists():
        return
    names = [name for name in READ if work.has(name)]
    if not names:
        return
    columns = ", ".join(f's."{name}"' for name in names)
    last = -1
    while rows := work.fetch(
        f"SELECT s.row, {columns} FROM import_staging s WHERE s.row > %s ORDER BY s.row LIMIT %s",  # noqa: S608
        [last, FETCH],
    ):
        last = rows[-1][0]
        by_digest: dict[str, set[int]] = {}
        for number, *cells in rows:
            entries = {name: cell or "" for name, cell in zip(names, cells, strict=True)}
            for found in digests(_marks(kind, entries)):
                by_digest.setdefault(found, set()).add(number)
        known = Suppression.objects.filter(digest__in=list(by_digest))
        forgotten = {n for each in known.values_list("digest", flat=True) for n in by_digest[each]}
        if forgotten:
            work.reject(
                "forgotten",
                next((name for name in ("name", "code", "customer") if work.has(name)), names[0]),
                "SELECT s.row, '', '{}'::jsonb FROM import_staging s WHERE s.row = ANY(%s)",
                [sorted(forgotten)],
            )


def _marks(kind: str, entries: dict[str, str]) -> set[str]:
    marks = {mark for mark in marks_of(entries) if mark[0] in "pewct"}
    if kind == "contact":
        marks.add(name_mark(entries.get("name", ""), entries.get("customer", "")))
    code = entries.get("code") if kind == "customer" else entries.get("customer")
    if code:
        marks.add(f"k:{code.lower()}")
    return marks


def register() -> None:
    registry.guards.append(refuse_the_forgotten)
