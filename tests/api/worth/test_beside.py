"""What stands beside a customer's own value: influence, and the value that its people say they get."""

import pytest

from cast import TODAY
from insight.answered import ask
from insight.test_influencing import related
from kezhi.core.actor import SYSTEM
from kezhi.insight import driving, figures
from kezhi.insight.models import CustomerReading
from kezhi.insight.studying import begin_study, run_study

pytestmark = pytest.mark.django_db


def test_influence_counts_only_those_whom_the_reader_sees(
    program, trading, measure, owner, li_wei, chen_jing
):
    mine, also_mine, hers = trading[4], trading[5], trading[6]
    one = f"/customers/{mine.pk}/influence"
    assert program(owner).get(one).json["as_of"] is None
    related(mine, also_mine)
    related(mine, hers)
    measure()
    told = {who: program(who).get(one).json["influence"] for who in (owner, li_wei)}
    assert (told[owner]["referred"], told[li_wei]["referred"]) == (2, 1)
    assert told[li_wei]["network_value"] is None
    for who, each in told.items():
        seen = figures.influence_of(who, mine.pk, figures.basis())
        assert each["brought_1"] == f"{seen.brought[0]:.2f}"
        assert each["value_after_transfers"] == f"{seen.transferred:.2f}"
    assert program(chen_jing).get(one).status == 404
    assert program(owner).get(f"/customers/{trading[9].pk}/influence").json["influence"] is None
    assert program(owner, field_rules={"value": "hidden"}).get(one).status == 403


def test_delivered_value_is_that_of_the_newest_study(program, trading, monkeypatch, owner, li_wei):
    monkeypatch.setattr(driving, "DRAWS", 60)
    ask()
    for subject in ("delivered", "drivers"):
        run_study(begin_study(subject, actor=SYSTEM, on=TODAY).pk)
    reading = CustomerReading.objects.filter(
        study__subject="delivered", customer__owner=li_wei, score__isnull=False
    ).first()
    one = f"/customers/{reading.customer_id}/delivered-value"
    told = program(li_wei).get(one).json
    assert told["delivered"]["score"] == pytest.approx(reading.score, abs=1e-6)
    assert told["delivered"]["as_of"] == TODAY.isoformat()
    known = [points for points in reading.figures["attributes"] if points is not None]
    assert [e["points"] for e in told["delivered"]["attributes"]] == pytest.approx(known, abs=1e-6)
    loyalty = CustomerReading.objects.get(study__subject="drivers", customer=reading.customer)
    assert told["loyalty"]["probability"] == pytest.approx(loyalty.probability, abs=1e-6)
    assert program(li_wei, {"customer": ["read"]}).get(one).status == 403
    not_asked = program(owner).get(f"/customers/{trading[0].pk}/delivered-value").json
    assert set(not_asked) == {"customer", "delivered", "loyalty"}
