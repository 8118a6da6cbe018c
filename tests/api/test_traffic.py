"""Once only, not too fast, not too much."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.accounts import integrating, traffic
from kezhi.accounts.models import KeptAnswer, RowsTaken
from kezhi.audit.models import Entry
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db
NEW = {"name": "黄山毛峰"}


def test_the_same_key_and_request_is_done_once(program, li_wei):
    erp = program(li_wei)
    first = erp.post("/customers", NEW, idempotency_key="k-1")
    again = erp.post("/customers", NEW, idempotency_key="k-1")
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Customer.objects.count() == 1


def test_the_same_key_with_another_request_is_refused(program, li_wei):
    erp = program(li_wei)
    erp.post("/customers", NEW, idempotency_key="k-1")
    for answer in (
        erp.post("/customers", {"name": "别的"}, idempotency_key="k-1"),
        erp.post("/contacts", NEW, idempotency_key="k-1"),
    ):
        assert answer.status == 422
        assert answer.json["type"].endswith("key-reused")
    assert Customer.objects.count() == 1


def test_a_key_is_of_one_integration(program, li_wei):
    for erp in (program(li_wei), program(li_wei)):
        assert erp.post("/customers", NEW, idempotency_key="k-1").status == 201
    assert Customer.objects.count() == 2


def test_what_wasnt_begun_keeps_nothing_a_refusal_is_kept(program, li_wei):
    erp = program(li_wei)
    assert erp.post("/customers", {"name": ""}, idempotency_key="k-1").status == 422
    assert erp.post("/customers", {**NEW, "code": "C"}, idempotency_key="k-1").status == 201
    assert erp.post("/customers", {**NEW, "code": "C"}, idempotency_key="k-2").status == 409
    Customer.objects.all().delete()
    assert erp.post("/customers", {**NEW, "code": "C"}, idempotency_key="k-2").status == 409


def test_answers_are_kept_for_a_day_and_forgotten_later(program, li_wei):
    program(li_wei).post("/customers", NEW, idempotency_key="k-1")
    now = timezone.now()
    traffic.forget_old_traffic(at=now + timedelta(hours=25), on=TODAY)
    assert KeptAnswer.objects.exists()
    traffic.forget_old_traffic(at=now + timedelta(hours=49), on=TODAY)
    assert not KeptAnswer.objects.exists()


def test_who_asks_too_fast_waits(program, li_wei, settings):
    erp = program(li_wei)
    settings.API_BURST, settings.API_RATE = 3, 0.001
    answers = [erp.get("/me") for _ in range(5)]
    assert [each.status for each in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["RateLimit-Remaining"] == "2"
    assert int(answers[-1].headers["Retry-After"]) > 1
    assert program(li_wei).get("/me").status == 200


@pytest.fixture
def told(monkeypatch):
    found = []
    monkeypatch.setattr(traffic, "on_quota", [lambda actor, **about: found.append(about)])
    return found


def test_more_rows_than_the_days_quota_are_refused_and_told_once(program, li_wei, told):
    for n in range(4):
        create_customer({"name": f"客户{n}"}, actor=li_wei, on=TODAY)
    erp = program(li_wei, rows_a_day=5)
    assert erp.get("/customers").status == 200
    for _ in range(2):
        answer = erp.get("/customers")
        assert answer.status == 429
        assert answer.json["type"].endswith("quota")
    assert erp.get("/customers?limit=1").status == 200
    assert RowsTaken.objects.get().rows == 5
    assert [about["is_refused"] for about in told] == [True]
    assert Entry.objects.filter(deed="rows.refused").count() == 1


def test_many_rows_are_told_even_where_they_are_permitted(program, li_wei, told):
    erp = program(li_wei, rows_a_day=100_000)
    create_customer({"name": "客户"}, actor=li_wei, on=TODAY)
    erp.get("/customers")
    RowsTaken.objects.update(rows=5_000)
    erp.get("/customers")
    erp.get("/customers")
    assert [about["is_refused"] for about in told] == [False]
    assert Entry.objects.get(deed="rows.many").detail["by_integration_name"] == "ERP"


def test_a_revoked_token_is_dead_with_the_next_call(program, li_wei):
    erp = program(li_wei)
    assert erp.get("/me").status == 200
    integrating.revoke_integration(erp.integration, actor=li_wei, at=timezone.now())
    assert erp.get("/me").status == 401
