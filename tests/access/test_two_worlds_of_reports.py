"""Reports of two databases that differ only in what a person may not see say the same, whatever is asked."""

from __future__ import annotations

import os
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from test_two_worlds import _browser, _enrich_li_wei, _give_rules, _set_hidden_fields

from cast import TODAY
from world import World, build

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
FUNCTIONS = ("sum", "avg", "min", "max", "distinct", "share")
# Of each kind so many measures, pairs and filters beside all dimensions; 10,000 asks all there are.
SOME = int(os.environ.get("KEZHI_TWO_WORLDS", "8"))
OVER_LINKS = ("order", "order_line", "contact", "follow_up")


@pytest.fixture
def world(db: None) -> World:
    return build()


def _questions() -> list[str]:
    """Every dimension, hidden ones too, and measures, filters and pairs of them."""
    from kezhi.records import FieldKind, registry

    chance, asked = Random(20261122), []
    for kind in registry:
        fields = [each.name for each in kind.fields] + ["owner", "team", "department"]
        for link in (each for each in kind.fields if each.kind is FieldKind.LINK and each.link):
            if kind.name in OVER_LINKS or SOME > 100:
                fields += [f"{link.name}:{each.name}" for each in registry[link.link].fields]
        measures = [f"{function}.{name}" for name in fields for function in FUNCTIONS]
        pairs = [f"measure={m}&by={a}" for m in measures for a in fields]
        asked += [f"of={kind.name}&by={name}" for name in fields]
        for form, several in (("measure=%s", measures), ("w=%s.filled", fields), ("%s", pairs)):
            some = chance.sample(several, min(SOME, len(several)))
            asked += [f"of={kind.name}&{form % each}" for each in some]
    return asked


def _said(actor: Any, asks: str) -> Any:
    from kezhi.workbench.filtering import Asking
    from kezhi.workbench.reporting import wording, writing
    from kezhi.workbench.reporting.report import NoSuchKind, answer
    from kezhi.workbench.reporting.spec import Spec

    try:
        report = answer(Spec.parse(asks), Asking(actor, TODAY, SHANGHAI))
    except NoSuchKind:
        return "no such kind"
    if report.problems:
        return report.problems
    table = writing.grid(report)
    links = [cell.address for _label, cells in table.rows for cell in cells]
    return str(wording.said(report)), wording.about(report), list(writing.lines(report)), links


def _assert_alike(actor: Any, change: Any) -> None:
    asked = _questions()
    before = [_said(actor, asks) for asks in asked]
    change()
    after = [_said(actor, asks) for asks in asked]
    differ = [
        f"{asks}: {one} and {other}"
        for asks, one, other in zip(asked, before, after, strict=True)
        if one != other
    ]
    assert not differ, "\n".join(differ[:10])
    assert sum(isinstance(one, tuple) and len(one) == 4 for one in before) > 100


def test_strangers_records_are_in_no_figure(world: World):
    _assert_alike(world.people["chen_jing"], lambda: _enrich_li_wei(world))


@pytest.mark.parametrize("rule", ["masked", "hidden"])
def test_fields_that_a_role_may_not_read_are_neither_measure_nor_dimension(world: World, rule: str):
    _give_rules("analyst", dict.fromkeys(("reach", "identity", "value", "remarks"), rule))
    _set_hidden_fields("A")
    analyst = type(world.people["analyst"]).objects.get(pk=world.people["analyst"].pk)
    _assert_alike(analyst, lambda: _set_hidden_fields("B"))


def test_groups_and_pages_of_reports_tell_nothing_of_strangers(world: World):
    chen_jing = _browser(world.people["chen_jing"])
    addresses = [
        "/customers/?group=city", "/customers/?group=owner", "/orders/?group=ordered_on.month",
        "/contacts/?group=customer", "/order-lines/?group=product",
        "/reports/delivered/sales-by-month/", "/dashboards/delivered/my-work/?whole=1",
    ]  # fmt: skip
    before = [_page(chen_jing, address) for address in addresses]
    _enrich_li_wei(world)
    assert before == [_page(chen_jing, address) for address in addresses]


def _page(client: Any, address: str) -> tuple[int, str]:
    answer = client.get(address)
    _head, _main, shown = answer.content.decode().partition("<h1")
    return answer.status_code, shown.partition("</main>")[0].replace(_token(shown), "")


def _token(text: str) -> str:
    return text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0] or "no token"
