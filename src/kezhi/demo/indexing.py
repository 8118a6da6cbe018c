"""How the demo company came to its index system: a version judged in pairs, and a draft for next year."""

from __future__ import annotations

from datetime import date, timedelta

from kezhi.accounts.models import User
from kezhi.insight.indexing.approving import approve_draft, submit_draft
from kezhi.insight.indexing.drafting import Change, add_index, begin_draft, weigh_children
from kezhi.insight.indexing.judging import judge
from kezhi.insight.models import IndexDraft

ANALYST, MANAGER = "shen", "zhou"
CURRENT, LOYALTY = "0", "2"

# What each says of the indices of current value, and of the groups at the top.
OF_CURRENT = {
    "owner": (2.0, 4.0, 2.0),
    ANALYST: (2.0, 3.0, 2.0),
    MANAGER: (1.0, 3.0, 2.0),
}
INDICES = (
    ("contribution", "continuation"),
    ("contribution", "payment"),
    ("continuation", "payment"),
)
GROUPS = {
    ("current", "growth"): 2.0,
    ("current", "loyalty"): 2.0,
    ("current", "influence"): 5.0,
    ("current", "information"): 7.0,
    ("growth", "loyalty"): 1.0,
    ("growth", "influence"): 3.0,
    ("growth", "information"): 4.0,
    ("loyalty", "influence"): 3.0,
    ("loyalty", "information"): 4.0,
    ("influence", "information"): 2.0,
}


def agree_on_indices(owner: User, *, today: date) -> None:
    """A version in force: three people have compared the indices of current value in pairs."""
    people = _people(owner)
    on = today - timedelta(days=120)
    draft = begin_draft("年度复核：当前价值两两判断", actor=owner, on=on)
    weigh_children(draft, CURRENT, {"method": "ahp"}, [], actor=owner, on=on, version=draft.version)
    for who, grades in OF_CURRENT.items():
        pairs = dict(zip(INDICES, grades, strict=True))
        judge(draft, CURRENT, pairs, actor=people[who], on=on)
    asked = submit_draft(
        draft,
        actor=people[ANALYST],
        on=on,
        reason="总经理、区域经理和分析师分别判断，取几何平均；一致性比率低于 0.10",
    )
    approve_draft(asked, actor=owner, on=on)


def draft_next_year(owner: User, *, today: date) -> None:
    """What the analyst proposes: behaviour as a group of its own, the groups at the top judged in pairs."""
    people = _people(owner)
    analyst, on = people[ANALYST], today - timedelta(days=2)
    draft = begin_draft("明年草案：忠诚度细分购买行为", actor=analyst, on=on)

    def add(path: str, wanted: Change) -> None:
        add_index(draft, path, wanted, actor=analyst, on=on, version=_version(draft))

    add(LOYALTY, Change("购买行为", 0.3))
    add(f"{LOYALTY}.3", Change("活跃概率", 0.6, measure="p_alive"))
    add(f"{LOYALTY}.3", Change("逾期程度", 0.4, measure="overdue_ratio", direction="cost"))
    weigh_children(draft, "", {"method": "ahp"}, [], actor=analyst, on=on, version=_version(draft))
    judge(draft, "", GROUPS, actor=analyst, on=on)
    kinder = GROUPS | {("current", "growth"): 1.0, ("loyalty", "influence"): 2.0}
    judge(draft, "", kinder, actor=people[MANAGER], on=today)


def _version(draft: IndexDraft) -> int:
    draft.refresh_from_db()
    return draft.version


def _people(owner: User) -> dict[str, User]:
    rows = User.objects.prefetch_related("roles").filter(login__in=(ANALYST, MANAGER))
    return {"owner": owner, **{user.login: user for user in rows}}
