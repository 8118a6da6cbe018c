"""What was recorded stays as it was recorded."""

import psycopg.errors
import pytest
from django.db import DatabaseError, connection, transaction

from cast import TODAY
from kezhi.audit.models import Change, Entry
from kezhi.audit.recording import audited, note, record
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import edit_customer
from kezhi.customers.models import Customer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET actor_name = 'someone else'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_change SET after = '{}'",
        "DELETE FROM audit_change",
    ],
)
def test_the_application_can_not_rewrite_the_log(anhui_tea, tampering):
    before = Entry.objects.count(), Change.objects.count()
    with pytest.raises(DatabaseError) as refused:
        _as_the_application(tampering)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert (Entry.objects.count(), Change.objects.count()) == before


def test_raw_sql_is_kept_too(anhui_tea):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET city = '深圳' WHERE id = %s", [anhui_tea.pk])
    kept = Change.objects.filter(table_name="customers_customer", row_id=anhui_tea.pk).last()
    assert (kept.before, kept.after) == ({"city": "合肥"}, {"city": "深圳"})


def test_a_deed_within_a_deed_writes_its_own_row_and_fails_as_a_whole(anhui_tea, li_wei):
    @audited("test.outer")
    def outer(customer, *, actor):
        note(step="outer")
        edit_customer(customer, {"city": "黄山"}, actor=actor, on=TODAY)
        raise RuntimeError("after the inner deed")

    entries = Entry.objects.count()
    with pytest.raises(RuntimeError):
        outer(anhui_tea, actor=li_wei)
    assert Entry.objects.count() == entries
    assert Customer.objects.get(pk=anhui_tea.pk).city == "合肥"


def test_a_note_goes_to_the_deed_that_made_it(anhui_tea, li_wei):
    @audited("test.noting")
    def noting(customer, *, actor):
        note(before="inner")
        edit_customer(customer, {"city": "黄山"}, actor=actor, on=TODAY)
        note(after="inner")

    noting(anhui_tea, actor=li_wei)
    assert Entry.objects.get(deed="test.noting").detail == {"before": "inner", "after": "inner"}
    assert Entry.objects.get(deed="customer.edited").detail == {"fields": ["city"]}


def test_a_note_outside_a_deed_is_a_mistake():
    with pytest.raises(RuntimeError):
        note(anything=1)


def test_what_is_no_change_can_be_recorded(anhui_tea):
    record("customers.exported", actor=SYSTEM, subject=anhui_tea, rows=1)
    entry = Entry.objects.get(deed="customers.exported")
    assert (entry.subject_id, entry.detail) == (anhui_tea.pk, {"rows": 1})


def _as_the_application(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE kezhi_app")
        cursor.execute(statement)
