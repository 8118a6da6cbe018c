"""The figures of reports: equal to what plain Python reckons from the rows, for every measure and dimension."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import product
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection
from django.http import QueryDict

from cast import TODAY
from kezhi.ledger.models import Order, OrderLine
from kezhi.records import registry
from kezhi.workbench.filtering import Asking, Filter
from kezhi.workbench.models import Tag
from kezhi.workbench.reporting import computing, dimensions, measures
from kezhi.workbench.reporting.report import NoSuchKind, answer
from kezhi.workbench.reporting.spec import Spec

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def asked(actor, asks):
    return answer(Spec.parse(asks), Asking(actor, TODAY, SHANGHAI))


def shown(report, *, at=0):
    """Figures of the first measure by the labels of the groups, None for all."""
    labels = [{each.group: each.label for each in buckets} for buckets in report.buckets]
    return {
        tuple(names.get(group) for names, group in zip(labels, key, strict=True)): cells[at]
        for key, cells in report.figures.cells.items()
    }


def found(actor, address):
    """How many records the list behind an address finds, and what they are."""
    path, query = urlsplit(address).path, QueryDict(urlsplit(address).query)
    kind = registry.by_address(path.strip("/"))
    wanted = [w for w in query.getlist("w") if w]
    chosen = Filter.of(kind, Asking(actor, TODAY, SHANGHAI), conditions=wanted)
    assert not chosen.problems, (address, chosen.problems)
    return chosen.apply(kind.visible_to(actor))


def test_revenue_by_person_and_month_is_exact(owner, books):
    expected = defaultdict(Decimal)
    for line in OrderLine.objects.select_related("customer__owner"):
        name, month = line.customer.owner.name, f"{line.ordered_on:%Y-%m}"
        for key in product((name, None), (month, None)):
            expected[key] += line.amount
    for asks in (
        "of=order_line&measure=sum.amount&by=owner&by=ordered_on.month",
        "of=order&measure=sum.amount&by=customer:owner&by=ordered_on.month",
    ):
        assert shown(asked(owner, asks)) == dict(expected)


def test_the_rest_is_put_together_and_still_exact(owner, books):
    report = asked(
        owner,
        "of=order_line&measure=sum.amount&measure=avg.amount&measure=distinct.customer&by=customer&top=3",
    )
    figures = shown(report)
    by_customer = defaultdict(list)
    for line in OrderLine.objects.select_related("customer"):
        by_customer[line.customer.name].append(line.amount)
    ranked = sorted(by_customer, key=lambda name: -sum(by_customer[name]))
    rest = [amount for name in ranked[3:] for amount in by_customer[name]]
    assert [each.label for each in report.buckets[0]] == [
        *ranked[:3],
        f"Others ({len(ranked) - 3})",
    ]
    assert figures[(f"Others ({len(ranked) - 3})",)] == sum(rest)
    others = report.buckets[0][-1]
    assert abs(report.figures.at(others.group, measure=1) - sum(rest) / len(rest)) < Decimal(
        "0.0001"
    )
    assert report.figures.at(others.group, measure=2) == len(ranked) - 3
    assert report.figures.total[2] == len(ranked)


def test_smallest_largest_and_share(owner, books):
    report = asked(
        owner,
        "of=order_line&measure=min.amount&measure=max.amount&measure=share.amount&by=product:category",
    )
    total = sum(each.amount for each in OrderLine.objects.all())
    for each in report.buckets[0]:
        lines = [
            line.amount
            for line in OrderLine.objects.select_related("product__category")
            if (
                line.product.category.name
                if line.product and line.product.category
                else "Nothing entered"
            )
            == each.label
        ]
        low, high, share = report.figures.cells[(each.group,)]
        assert (low, high) == (min(lines), max(lines))
        assert abs(share - sum(lines) / total) < Decimal("1e-9")


def test_who_has_several_tags_counts_in_each_and_once_in_the_total(owner, books):
    report = asked(owner, "of=customer&by=tags")
    figures = shown(report)
    assert figures[(None,)] == 12
    assert figures[("重点",)] == 8
    assert figures[("展会",)] == 4
    assert figures[("Nothing entered",)] == 4
    assert report.counts_several
    shares = shown(asked(owner, "of=customer&measure=share&by=tags"))
    assert shares[("重点",)] == Decimal(8) / 12
    assert shares[(None,)] == 1


def test_a_scope_narrows_every_figure(li_wei, books):
    report = asked(li_wei, "of=order&measure=sum.amount&by=customer")
    own = Order.objects.filter(owner_id=li_wei.pk)
    assert report.figures.total[0] == sum(each.amount for each in own)
    assert report.figures.rows == own.count()
    assert all(name < "客户08" for (name,) in shown(report) if name and name.startswith("客户"))


def test_what_a_record_points_to_is_not_told_when_it_may_not_be_seen(li_wei, chen_jing, books):
    """An order that is Li Wei's, of a customer who isn't: its customer's tier and name stay unknown."""
    theirs = books.customers[11]
    order = Order.objects.create(
        number="SO-X",
        customer=theirs,
        ordered_on=TODAY,
        currency="CNY",
        amount=7,
        owner_id=li_wei.pk,
    )
    for dimension in ("customer:tier", "customer", "customer:owner", "customer:city"):
        report = asked(
            li_wei, f"of=order&measure=sum.amount&by={dimension}&w=number.eq.{order.number}"
        )
        assert shown(report) == {("Not yours to see",): 7, (None,): 7}
        assert report.drill(report.buckets[0][0]) == ""
    report = asked(li_wei, f"of=order&measure=max.customer:score&w=number.eq.{order.number}")
    assert report.figures.total == (None,)
    assert asked(li_wei, "of=order&w=customer:tier.in.S,A,B,C,D").figures.rows == sum(
        bool(each.customer.standing.tier)
        for each in Order.objects.filter(owner_id=li_wei.pk).exclude(pk=order.pk)
    )


@pytest.mark.parametrize("kind", ["order_line", "order", "customer", "cost"])
def test_every_measure_by_every_dimension_adds_up_and_opens_as_a_list(owner, books, kind):
    """The list behind each group finds as many records as the group counts; groups add up to the total."""
    asking = Asking(owner, TODAY, SHANGHAI)
    seen = registry[kind].seen_by(owner)
    ways = dimensions.usable(seen, asking)
    assert len(ways) > 8
    for way in ways:
        report = asked(owner, f"of={kind}&by={way.name}&top=50")
        assert not report.problems, way.name
        counted = 0
        for bucket in report.buckets[0]:
            count = report.figures.count_at(bucket.group)
            counted += count
            address = report.drill(bucket)
            if address:
                assert found(owner, address).count() == count, (way.name, bucket.label, address)
            else:
                assert bucket.label == "a\\b" or way.field.kind == "boolean", (
                    way.name,
                    bucket.label,
                )
        if not report.counts_several:
            assert counted == report.figures.rows
    for function, way in measures.usable(seen, asking):
        report = asked(owner, f"of={kind}&measure={function}.{way.name}")
        assert not report.problems
        assert len(report.figures.total) == 1


def test_the_others_open_as_a_list_too(owner, books):
    for dimension in ("customer", "customer:industry", "channel", "customer:owner"):
        report = asked(owner, f"of=order&by={dimension}&top=1")
        others = report.buckets[0][-1]
        assert others.is_others
        address = report.drill(others)
        if address:
            assert found(owner, address).count() == report.figures.count_at(others.group)


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_times_lead_to_the_days_they_hold(owner, books, grain):
    report = asked(owner, f"of=order&by=ordered_on.{grain}&by=channel")
    for first, second in product(*report.buckets):
        count = report.figures.count_at(first.group, second.group)
        assert found(owner, report.drill(first, second)).count() == count


def test_a_period_is_compared_with_the_one_before_and_the_year_before(owner, books):
    def between(first, last):
        return sum(
            o.amount for o in Order.objects.filter(ordered_on__gte=first, ordered_on__lte=last)
        )

    year = asked(owner, "of=order&measure=sum.amount&during=ordered_on.this_year&compare=year")
    assert year.now_and_before(None) == (
        between("2026-01-01", TODAY), between("2025-01-01", TODAY.replace(year=2025)),
    )  # fmt: skip
    days = asked(owner, "of=order&measure=sum.amount&during=ordered_on.30d&compare=previous")
    first = TODAY - timedelta(days=30)
    assert days.now_and_before(None) == (
        between(first, TODAY), between(first - timedelta(days=31), first - timedelta(days=1)) or None,
    )  # fmt: skip


def test_bands_take_their_edges_as_the_filters_do(owner, books):
    report = asked(owner, "of=customer&by=p_alive")
    assert shown(report)[("below 10%",)] == 1
    assert shown(report)[("10% to below 20%",)] == 1
    assert shown(report)[("Nothing entered",)] == 1


def test_custom_fields_are_dimensions_and_measures_over_relations_too(owner, books):
    from kezhi.workbench.customizing.defining import define_field

    for label, more in (
        ("门店数", {"field_kind": "integer", "purpose": "拜访", "data_class": "business"}),
        ("区", {"field_kind": "text", "purpose": "分区", "data_class": "business"}),
    ):
        define_field(
            "customer", {"label_zh": label, "label_en": label, **more}, actor=owner, on=TODAY
        )
    keys = [each.name for each in registry["customer"].fields if each.is_custom]
    for n, customer in enumerate(books.customers):
        customer.custom = {keys[0]: n, keys[1]: ("东", "西", "")[n % 3]}
        customer.save()
    report = asked(owner, f"of=customer&measure=sum.{keys[0]}&by={keys[1]}")
    assert shown(report)[("东",)] == 0 + 3 + 6 + 9
    assert shown(report)[(None,)] == 66
    for bucket in asked(owner, f"of=customer&by={keys[0]}").buckets[0]:
        assert bucket.conditions
    over = asked(owner, f"of=order&by=customer:{keys[1]}")
    for bucket in over.buckets[0]:
        assert found(owner, over.drill(bucket)).count() == over.figures.count_at(bucket.group)


def test_tags_and_texts_of_a_drill_are_those_of_the_group(owner, books):
    report = asked(owner, "of=customer&by=industry")
    groups = {each.label: each for each in report.buckets[0]}
    pairs = parse_qsl(urlsplit(report.drill(groups["Food, drink & more"])).query)
    assert pairs == [("w", "industry.in.Food\\, drink & more")]
    assert Tag.objects.count() == 3


def test_nobody_reports_on_what_they_may_not_read(agent, books, company):
    from kezhi.accounts.models import Role

    Role.objects.filter(key="service_agent").update(grants={"customer": {"read": "all"}})
    agent = type(agent).objects.get(pk=agent.pk)
    with pytest.raises(NoSuchKind):
        asked(agent, "of=order")
    assert asked(agent, "of=customer&by=city").figures.rows == 12
    with pytest.raises(NoSuchKind):
        asked(agent, "of=nothing")


@pytest.fixture
def others_turn(monkeypatch):
    """Somebody else's large report is being worked out, and there is one turn only."""
    monkeypatch.setattr(computing, "DEAR", 0)
    monkeypatch.setattr(computing, "AT_ONCE", 1)
    place = connection.get_connection_params()
    with psycopg.connect(
        host=place.get("host"), port=place.get("port"), dbname=place["dbname"],
        user=place["user"], password=place.get("password"), autocommit=True,
    ) as other:  # fmt: skip
        other.execute("SELECT pg_advisory_lock(%s, 0)", [computing.TURNS])
        yield lambda: other.execute("SELECT pg_advisory_unlock(%s, 0)", [computing.TURNS])


def test_a_question_without_end_is_stopped_with_a_sentence(owner, books, others_turn, monkeypatch):
    monkeypatch.setattr(computing, "SECONDS", 0.3)  # it waits for longer than it may take
    with pytest.raises(computing.TooSlow, match="took longer than"):
        assert asked(owner, "of=order").figures


def test_dear_questions_take_turns(owner, books, others_turn, monkeypatch):
    monkeypatch.setattr(computing, "PATIENCE", "50ms")
    with pytest.raises(computing.TooSlow, match="Many large reports"):
        assert asked(owner, "of=order").figures
    others_turn()
    assert asked(owner, "of=order").figures.rows == 60
