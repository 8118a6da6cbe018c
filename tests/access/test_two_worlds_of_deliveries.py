"""What leaves by other doors than pages and the API: tools of assistants, files of reports, scheduled mail.

Two databases that differ only in what somebody may not see give them the same there, too.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import time
from io import BytesIO
from typing import Any

import pytest
import test_two_worlds as worlds
import test_two_worlds_of_operations as everything
from test_assistants import ask, call_of
from test_two_worlds_of_the_api import GROUPS

from cast import TODAY
from kezhi.api.mcp.tools import TOOLS
from kezhi.insight import mailing_reports
from kezhi.records import registry
from kezhi.workbench.models import Report, ReportSchedule
from kezhi.workbench.reporting.rendering import asking_of, rendered
from kezhi.workbench.reporting.report import NoSuchKind, answer
from kezhi.workbench.reporting.spec import Spec
from world import World, bring_files, build

pytestmark = pytest.mark.django_db
CURSOR = re.compile(r'"next": "[^"]*"')
WORDS = ("茶", worlds.HIDDEN_PHONE, worlds.HIDDEN_CODE, worlds.HIDDEN_NAME, "huizhou", "C-HIDE")
SPECIFICATIONS = (
    "of=customer&measure=count&by=city",
    "of=customer&measure=sum.potential_value&by=tier",
    "of=customer&measure=count&by=owner&w=phone.contains.1397654",
    "of=order&measure=sum.amount&measure=count&by=ordered_on.month&by=customer:tier",
    "of=order_line&measure=sum.amount&by=order:customer",
    "of=contact&measure=distinct.phone&by=customer",
    "of=ticket&measure=count&by=type&by=state",
    "of=complaint&measure=count&by=category",
    "of=follow_up&measure=count&by=due_on.month&during=due_on.12m&compare=year",
)
Said = dict[str, Any]


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any) -> World:
    settings.MEDIA_ROOT = tmp_path
    world = build()
    bring_files(world)
    everything._value_of(world)
    return world


# ---- tools of assistants ----


def test_tools_tell_nothing_of_strangers(world: World):
    everything._hers(world)
    chen_jing = world.people["chen_jing"]
    said = _compared(lambda: _of_tools(world, call_of(chen_jing)), lambda: _more(world))
    assert sum(status == 200 for status, _told in said.values()) > 20


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_tools_tell_nothing_of_hidden_fields(world: World, level: str):
    owner, rules = world.people["owner"], dict.fromkeys(GROUPS, level)
    worlds._set_hidden_fields("A")
    said = _compared(
        lambda: _of_tools(world, call_of(owner, field_rules=rules)),
        lambda: worlds._set_hidden_fields("B"),
    )
    assert sum(status == 200 for status, _told in said.values()) > 100


def test_every_reading_tool_is_asked(world: World):
    asked = {tool for tool, _arguments in _asked(world)}
    assert asked == {tool.name for tool in TOOLS if not tool.writes}


def _of_tools(world: World, call: Any) -> Said:
    said = {}
    for tool, arguments in _asked(world):
        status, told = ask(call, tool, **arguments)
        assert status < 500
        said[f"{tool} {json.dumps(arguments, ensure_ascii=False)}"] = (status, CURSOR.sub("", told))
    return said


def _asked(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each tool with each kind, record, order and word that can be asked for."""
    yield "describe", {}
    yield "my_day", {}
    for word in WORDS:
        yield "search", {"text": word, "limit": 20}
    for kind in registry:
        yield "describe", {"kind": kind.name}
        yield "list_records", {"kind": kind.name, "limit": 50}
        for word in WORDS:
            yield "list_records", {"kind": kind.name, "text": word}
            yield "search", {"text": word, "kind": kind.name}
        for field in kind.fields:
            if field.group in GROUPS:
                yield "list_records", {"kind": kind.name, "sort": f"-{field.name}"}
                yield "list_records", {"kind": kind.name, "fields": [field.name]}
                yield "list_records", {"kind": kind.name, "filters": [f"{field.name}.filled"]}
        record = world.records.get(kind.name)
        for pk in [record.pk, record.pk + 1] if record is not None else [1]:
            yield "get_record", {"kind": kind.name, "id": pk}
    for figure in everything.FIGURES:
        yield "explain_value", {"customer": world.records["customer"].pk, "figure": figure}


# ---- files of reports, and the letters that bring them ----


def test_files_and_letters_tell_nothing_of_strangers(world: World):
    everything._hers(world)
    _may_export(world.people["chen_jing"])
    chen_jing = _fresh(world.people["chen_jing"])
    said = _compared(lambda: _of_reports(world, chen_jing), lambda: _more(world))
    assert sum(isinstance(each, list | bytes) for each in said.values()) > len(SPECIFICATIONS)


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_files_and_letters_tell_nothing_of_hidden_fields(world: World, level: str):
    worlds._give_rules("analyst", dict.fromkeys(GROUPS, level))
    worlds._set_hidden_fields("A")
    analyst = _fresh(world.people["analyst"])
    said = _compared(lambda: _of_reports(world, analyst), lambda: worlds._set_hidden_fields("B"))
    assert sum(isinstance(each, list | bytes) for each in said.values()) > len(SPECIFICATIONS)


def _of_reports(world: World, person: Any) -> Said:
    """Each report as each sort of file, and the letter that somebody else has sent to the person."""
    said: Said = {}
    for asks in SPECIFICATIONS:
        said[f"{asks} csv"] = _file(asks, person, "csv")
        said[f"{asks} xlsx"] = _file(asks, person, "xlsx")
        said[f"{asks} mail"] = _letter(asks, world.people["owner"], person)
    return said


def _file(asks: str, person: Any, form: str) -> Any:
    try:
        found = answer(Spec.parse(asks), asking_of(person, TODAY), "export")
    except NoSuchKind:
        return "no such kind"
    if found.problems:
        return found.problems
    made = rendered("报表", [("报表", found)], actor=person, form=form, on=TODAY)
    return made.content if form == "csv" else _sheets(made.content)


def _sheets(content: bytes) -> list[tuple[str, bytes]]:
    """All of a workbook but the moment at which it was made."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        names = sorted(name for name in book.namelist() if not name.startswith("docProps/"))
        return [(name, book.read(name)) for name in names]


def _letter(asks: str, owner: Any, person: Any) -> Any:
    report, _is_new = Report.objects.get_or_create(owner=owner, name=asks[:60], asks=asks)
    schedule = ReportSchedule(report=report, owner=owner, at_time=time(8), file="csv")
    made = mailing_reports._written(schedule, person, TODAY)
    return None if made is None else [made.subject, list(made.parts), list(made.files)]


# ---- two worlds ----


def _compared(said: Callable[[], Said], change: Callable[[], None]) -> Said:
    worlds._index()
    before = said()
    change()
    worlds._index()
    after = said()
    differ = [
        f"{asked}: {one} and {after[asked]}" for asked, one in before.items() if one != after[asked]
    ]
    assert not differ, "\n".join(differ[:10])
    return before


def _more(world: World) -> None:
    worlds._enrich_li_wei(world)
    everything._more_of_li_wei(world)


def _may_export(person: Any) -> None:
    """A salesperson takes no files as delivered; one who may shall find nothing in them either."""
    for role in person.roles.all():
        for grants in role.grants.values():
            grants["export"] = grants.get("read", "none")
        role.save()


def _fresh(person: Any) -> Any:
    return type(person).objects.get(pk=person.pk)
