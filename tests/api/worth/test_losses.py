"""Lost customers by program: the list with its verdicts, and why somebody left."""

import pytest

from kezhi.audit.models import Entry
from kezhi.insight import winning_back
from kezhi.insight.models import Loss, LostCustomer

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(trading, measure, li_wei):
    """A lost customer of Li Wei's."""
    measure()
    return LostCustomer.objects.filter(customer__owner=li_wei).order_by("-second_value").first()


@pytest.mark.parametrize("shown", ["worth", "let-go", "unexplained"])
def test_page_by_page_it_is_the_list_of_the_page(program, lost, owner, li_wei, shown):
    for person in (owner, li_wei):
        erp, rows, after = program(person), [], ""
        while True:
            page = erp.get(f"/win-back?show={shown}&limit=2{after}").json
            rows += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        seen = winning_back.lost_customers(person, show=shown, limit=10_000)
        assert [e["customer"]["id"] for e in rows] == [e.pk for e in seen]
        assert [e["verdict"] for e in rows] == [e.verdict for e in seen]
        assert {e["is_worth_it"] for e in rows} <= {e.is_worth_it for e in seen}


def test_the_gain_is_the_sum_that_is_told(program, lost, owner):
    told = program(owner).get("/win-back?show=unexplained").json
    attempt, accepted = float(told["cost_of_attempt"]), float(told["cost_if_accepted"])
    for each in told["items"]:
        gain = each["chance"] * (float(each["second_value"]) - accepted) - attempt
        assert float(each["gain"]) == pytest.approx(gain, abs=0.02)
    assert program(owner).get("/win-back?show=all").status == 400


def test_a_cause_is_noted_judged_at_once_and_taken_back(program, lost, li_wei):
    erp, one = program(li_wei), f"/customers/{lost.pk}/loss"
    assert erp.get(one).json["noted"] is None
    assert erp.post(one, {"cause": "moon"}).status == 422
    noted = erp.post(one, {"cause": "insolvent", "remark": "注销"}).json
    assert (noted["noted"]["cause"], noted["noted"]["remark"]) == ("insolvent", "注销")
    assert noted["win_back"]["verdict"] == "not_recoverable"
    assert erp.get(one).json == noted
    assert erp.post(f"{one}/withdrawal").json["noted"] is None
    assert erp.post(f"{one}/withdrawal").status == 409
    assert Entry.objects.filter(deed="customer.loss_noted").count() == 1


def test_nobody_notes_it_for_a_customer_that_they_only_see_or_do_not(
    program, lost, li_wei, chen_jing
):
    assert program(chen_jing).post(f"/customers/{lost.pk}/loss", {"cause": "price"}).status == 404
    reads = program(li_wei, {"customer": ["read"]})
    assert reads.get(f"/customers/{lost.pk}/loss").status == 200
    assert reads.post(f"/customers/{lost.pk}/loss", {"cause": "price"}).status == 403
    hidden = program(li_wei, field_rules={"value": "hidden"})
    assert hidden.get("/win-back").status == 403
    assert hidden.get(f"/customers/{lost.pk}/loss").status == 403
    assert not Loss.objects.exists()
