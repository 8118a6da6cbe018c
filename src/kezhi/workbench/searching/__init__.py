"""Find any record by a part of its name, pinyin, initials, phone, e-mail, code or text."""

from kezhi.workbench.searching.finding import Found, Group, Place, find
from kezhi.workbench.searching.listing import best, looking_up, narrowing
from kezhi.workbench.searching.looking import rank_by

__all__ = ["Found", "Group", "Place", "best", "find", "looking_up", "narrowing", "rank_by"]
