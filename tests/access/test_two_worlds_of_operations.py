"""Every reading operation of the API, generated from the list of them, over two databases that differ only in
what the program may not see: the answers are the same to the last byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import test_two_worlds as worlds
from django.db.models import Max
from django.test import Client
from django.utils import timezone
from test_api_matrix import key_of
from test_two_worlds_of_the_api import CURSOR, GROUPS

from cast import NOW, TODAY
from kezhi.api.operation import Operation
from kezhi.api.operations import operations
from kezhi.records import registry
from kezhi.workbench.models import Attachment
from world import World, bring_files, build

pytestmark = pytest.mark.django_db
FIGURES = ("p_alive", "potential_value", "current_value", "realised_value", "score")
# What a list asks beside nothing: the answer must not tell by it either.
ASKED = {
    "knowledge": ("?q=破损",),
    "service_breaches": ("?open=true", "?since=2020-01-01T00:00:00Z"),
    "internal_requests": ("?of=others",),
    "win_back": ("?show=let-go", "?show=unexplained"),
    "tier_overrides": ("?state=waiting", "?state=in_force"),
    "views": tuple(f"?of={name}" for name in ("customer", "order", "ticket")),
    "event_changes": ("?event=1",),
    "search": ("?q=茶", f"?q={worlds.HIDDEN_PHONE}", f"?q={worlds.HIDDEN_CODE}"),
}
# Answers nobody can compare: they hold what the calls before took and looked at.
OF_THE_MOMENT = {"me", "audit_log", "access_log"}
# Operations on a record that isn't one of a kind: where its rows are.
ROWS = {
    "/tier-overrides/": "insight.TierOverride",
    "/value-runs/": "insight.ValueRun",
    "/segments/": "customers.Segment",
    "/reports/": "workbench.Report",
    "/internal-requests/": "service.InternalRequest",
    "/business-calendars/": "service.BusinessCalendar",
}
# On whom nothing stands in this world; that they are refused or empty alike is asked all the same.
UNANSWERED = {
    *("webhook_get", "webhook_deliveries", "event_changes"),
    *("job_get", "outgoing_mail_get", "data_request_package"),
    *("internal_request_get", "business_calendar_get"),
}


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any, monkeypatch: Any) -> World:
    # The time stands still: who held a ticket for how long is told to the second.
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    settings.API_BURST = settings.API_RATE = 1_000_000
    settings.MEDIA_ROOT = tmp_path
    world = build()
    bring_files(world)
    _value_of(world)
    return world


def test_strangers_records_are_in_no_answer(world: World):
    """Chen Jing has customers, tickets, offers and runs of her own; Li Wei gets more of all that."""
    _hers(world)
    key = key_of(world.people["chen_jing"])
    worlds._index()
    asked = list(_questions(world))
    before = _answers(asked, key.secret)
    worlds._enrich_li_wei(world)
    _more_of_li_wei(world)
    worlds._index()
    _assert_alike(asked, before, _answers(asked, key.secret))
    assert sum(status == 200 for status, _body in before) > 40


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_hidden_fields_are_in_no_answer(world: World, level: str):
    key = key_of(world.people["owner"], field_rules=dict.fromkeys(GROUPS, level))
    worlds._set_hidden_fields("A")
    _set_value(1_000)
    asked = list(_questions(world))
    before = _answers(asked, key.secret)
    worlds._set_hidden_fields("B")
    _set_value(9_000)
    _assert_alike(asked, before, _answers(asked, key.secret))
    assert sum(status == 200 for status, _body in before) > 100


def test_each_operation_answers_somebody(world: World):
    """An operation that answers nobody here would be compared with nothing."""
    key = key_of(world.people["owner"])
    client, answering = Client(), set()
    for name, address in _named(world):
        if (
            client.get(address, headers={"Authorization": f"Bearer {key.secret}"}).status_code
            == 200
        ):
            answering.add(name)
    reads = {each.name for each in _reading()}
    unanswered = reads - answering - UNANSWERED
    assert not unanswered, " ".join(sorted(unanswered))
    assert len(reads) > 100


# ---- what is asked ----


def _reading() -> Iterator[Operation]:
    return (each for each in operations() if each.is_safe and each.name not in OF_THE_MOMENT)


def _questions(world: World) -> Iterator[str]:
    return (address for _name, address in _named(world))


def _named(world: World) -> Iterator[tuple[str, str]]:
    for operation in _reading():
        for path in _paths(operation, world):
            yield operation.name, f"/api/v1{path}"
            for more in ASKED.get(operation.name, ()):
                yield operation.name, f"/api/v1{path}{more}"


def _paths(operation: Operation, world: World) -> Iterator[str]:
    """Its address, with each record that can stand in it."""
    for pk in _ids(operation, world) if operation.is_on_record else [""]:
        path = operation.path.replace("{id}", str(pk))
        if "{figure}" in path:
            yield from (path.replace("{figure}", figure) for figure in FIGURES)
        elif "{file}" in path:
            on_it = Attachment.objects.filter(kind=operation.kind, object_id=_number(pk))
            files = [*on_it.order_by("pk").values_list("pk", flat=True), 987_654_321]
            yield from (path.replace("{file}", str(file)) for file in files)
        else:
            yield path


def _number(pk: Any) -> int:
    return pk if isinstance(pk, int) else 0


def _ids(operation: Operation, world: World) -> list[Any]:
    from django.apps import apps

    if operation.kind in world.records:
        model = type(world.records[operation.kind])
    else:
        start = operation.path.partition("{id}")[0]
        if start not in ROWS:
            return [1]
        model = apps.get_model(ROWS[start])
    rows = list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:4])
    further = ["key:sales-by-month"] if operation.name == "report_answer" else []
    return [*rows, *further, 987_654_321]


# ---- what is there ----


def _value_of(world: World) -> None:
    """Whatever the value engine and people would have made of Li Wei's customer."""
    from kezhi.insight.models import OfferRun, ValueRun
    from kezhi.insight.ruling import current_settings

    run = ValueRun.objects.create(
        as_of=TODAY, state="published", has_snapshots=True, value_settings=current_settings(),
        finished_at=NOW, chosen_model="bg-nbd",
    )  # fmt: skip
    OfferRun.objects.create(run=run, state="done")
    customer = world.records["customer"]
    _judged(customer, world.records["product"], 1_000)
    _kept(world.people["owner"], "everyone", "各城市")
    _kept(world.people["li_wei"], "private", "李伟的")


def _judged(customer: Any, product: Any, amount: int) -> None:
    """An offer, an influence, a reading, a tier by hand, a loss: rows as the engine writes them."""
    from kezhi.customers.models import Standing
    from kezhi.insight import models as rows

    run, search = rows.ValueRun.objects.get(), rows.OfferRun.objects.get()
    study, _is_new = rows.Study.objects.get_or_create(
        subject="delivered", state="done", as_of=TODAY
    )
    Standing.objects.filter(customer=customer).update(
        tier="B", potential_value=amount, occasions=3, last_order_on=TODAY, measured_on=TODAY, run_id=run.pk
    )  # fmt: skip
    money = dict.fromkeys(("potential_value", "continuation_value", "realised_value"), amount)
    rows.Snapshot.objects.create(
        run=run, customer=customer, as_of=TODAY, tier="B", occasions=3, first_on=TODAY, last_on=TODAY,
        p_alive=0.5, current_value=amount, **money,
    )  # fmt: skip
    rows.Influence.objects.create(run=run, customer=customer, own_value=amount, referred=1)
    rows.Offer.objects.create(
        offer_run=search, customer=customer, product=product, probability=0.5, contribution=amount,
        expected=amount, lift=1.5, together=3,
    )  # fmt: skip
    other, _is_new = type(product).objects.get_or_create(code="P-2", defaults={"name": "毛尖"})
    rows.OfferAnswer.objects.create(
        customer=customer, product=other, state="rejected", reason="price", expected=amount,
        answered_on=TODAY,
    )  # fmt: skip
    rows.TierOverride.objects.create(
        customer=customer, tier="S", tier_before="B", until=TODAY + timedelta(days=9), reason="协议",
        requested_on=TODAY,
    )  # fmt: skip
    rows.Loss.objects.create(customer=customer, cause="price", noted_on=TODAY)
    rows.LostCustomer.objects.create(
        customer=customer, last_on=TODAY, cause="price", second_value=amount, chance=0.2, gain=amount,
        verdict="worth_it",
    )  # fmt: skip
    rows.CustomerReading.objects.create(
        study=study,
        customer=customer,
        respondents=2,
        score=float(amount),
        figures={"attributes": []},
    )


def _kept(person: Any, audience: str, name: str) -> None:
    """A segment, a report and a view of the person's."""
    from kezhi.customers.models import Segment
    from kezhi.workbench.models import Report, SavedView

    Segment.objects.create(
        owner=person, name=name, audience=audience, conditions=["city.eq.合肥"], size=7,
        counted_on=TODAY,
    )  # fmt: skip
    asks = "of=customer&measure=count&measure=sum.potential_value&by=city&by=owner"
    Report.objects.create(owner=person, name=name, audience=audience, asks=asks)
    Report.objects.create(
        owner=person, name=f"{name}2", audience=audience, asks="of=order&by=owner"
    )
    SavedView.objects.create(
        owner=person, name=name, audience=audience, kind="customer", query="w=city.eq.合肥"
    )


def _hers(world: World) -> None:
    """One of everything for Chen Jing, so that her answers aren't empty."""
    from kezhi.catalog.models import Product
    from kezhi.customers.creating import create_customer

    chen_jing = world.people["chen_jing"]
    customer = create_customer(
        {"name": "苏州丝绸行", "code": "C-SILK", "city": "合肥"}, actor=chen_jing, on=TODAY
    )
    _judged(customer, Product.objects.get(code="P-1"), 500)
    _served(customer, chen_jing, "色差")
    _kept(chen_jing, "private", "陈静的")


def _more_of_li_wei(world: World) -> None:
    """Of everything more, and other contents of what there is."""
    from kezhi.catalog.models import Product
    from kezhi.customers.models import Customer
    from kezhi.service.models import TicketEntry

    li_wei, last = world.people["li_wei"], Customer.objects.aggregate(last=Max("pk"))["last"]
    hidden = Customer.objects.get(pk=last)
    assert hidden.owner_id == li_wei.pk
    _judged(hidden, Product.objects.get(code="P-1"), 9_000_000)
    _served(hidden, li_wei, "破损")
    _set_value(7_777, world.records["customer"].pk)
    TicketEntry.objects.filter(ticket=world.records["ticket"]).update(text="徽州改口了")
    _kept(li_wei, "private", "李伟又一份")


def _served(customer: Any, person: Any, what: str) -> None:
    """A ticket with a broken promise, a complaint, a promise, a need, a success plan."""
    from kezhi.service.models import Clock

    by = {"actor": person, "on": TODAY}
    fields: dict[str, dict[str, Any]] = {
        "ticket": {"customer": customer, "subject": what, "text": f"{what}三箱", "type": "fault"},
        "complaint": {"customer": customer, "subject": what, "category": "transport"},
        "promise": {"customer": customer, "what": what, "topic": "delivery", "due_on": TODAY},
        "need": {"customer": customer, "what": what, "handler": person},
        "success_plan": {
            "customer": customer,
            "goal": what,
            "reach_by": TODAY + timedelta(days=90),
        },
    }
    made = {kind: registry[kind].create(given, **by) for kind, given in fields.items()}
    Clock.objects.filter(ticket=made["ticket"]).update(is_breached=True, breached_at=NOW)


def _set_value(amount: int, customer: int | None = None) -> None:
    """Other figures wherever value stands; of one customer, or of all."""
    from kezhi.insight import models as rows

    of = {} if customer is None else {"customer": customer}
    rows.Snapshot.objects.filter(**of).update(potential_value=amount)
    rows.Influence.objects.filter(**of).update(own_value=amount, received=amount)
    rows.Offer.objects.filter(**of).update(expected=amount, contribution=amount)
    rows.OfferAnswer.objects.filter(**of).update(expected=amount)
    tier = "A" if amount > 5_000 else "C"
    rows.TierOverride.objects.filter(**of).update(tier=tier, reason=f"协议{amount}")
    rows.LostCustomer.objects.filter(**of).update(gain=amount, second_value=amount)
    rows.Loss.objects.filter(**of).update(remark=f"因为{amount}")


# ---- answers ----


def _answers(asked: list[str], secret: str) -> list[tuple[int, str]]:
    from django.core.cache import cache

    client, found = Client(raise_request_exception=False), []
    for address in asked:
        cache.clear()
        response = client.get(address, headers={"Authorization": f"Bearer {secret}"})
        body = b"".join(response.streaming_content) if response.streaming else response.content
        found.append((response.status_code, CURSOR.sub(b'"next"', body).decode(errors="replace")))
    return found


def _assert_alike(asked: list[str], before: list[Any], after: list[Any]) -> None:
    worlds._assert_alike(asked, before, after)
