"""A question that takes too long is given up, with a sentence."""

import pytest
from django.db import OperationalError, connection, transaction

from kezhi.web.patience import be_patient, took_too_long


def test_a_question_that_takes_too_long_is_told(db, web, owner, company, monkeypatch):
    def slow(*arguments, **more):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 5")
            cursor.execute("SELECT pg_sleep(2)")

    monkeypatch.setattr("kezhi.web.segments.page.describing.sizes", slow)
    page = web(owner).get("/segments/")
    assert page.status_code == 503
    assert "takes too long" in page.text


def test_other_faults_of_the_database_stay_faults(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 5")
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(2)")
    assert took_too_long(caught.value)
    assert not took_too_long(OperationalError("gone"))
    assert not took_too_long(ValueError())


def test_a_text_that_no_database_holds_is_no_fault(web, owner, anhui_tea):
    from cast import TODAY
    from kezhi.customers.models import Need
    from kezhi.records import registry

    given = {"customer": anhui_tea, "what": "小包装", "handler": owner}
    need = registry["need"].create(given, actor=owner, on=TODAY)
    answer = web(owner).post(f"/needs/{need.pk}/refusal/", {"reason": "a\0b"})
    assert answer.status_code == 400
    assert Need.objects.get().state == need.state


def test_only_this_process_gives_up(db, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"options": "-c search_path=public"})
    be_patient()
    be_patient()
    asked = connection.settings_dict["OPTIONS"]["options"]
    assert asked == "-c search_path=public -c statement_timeout=15000"
