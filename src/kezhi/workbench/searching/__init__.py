"""Find any record by a part of its name, pinyin, initials, phone, e-mail, code or text."""

from kezhi.workbench.searching.finding import (
    Found,
    Group,
    Narrowing,
    Place,
    best,
    find,
    rank_by,
)

__all__ = ["Found", "Group", "Narrowing", "Place", "best", "find", "rank_by"]
