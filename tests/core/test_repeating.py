"""A deed that PostgreSQL ended for another one's sake is repeated, and happens once."""

import threading

import pytest
from django.db import OperationalError, connection, connections

from kezhi.accounts.models import Department
from kezhi.audit.models import Entry
from kezhi.audit.recording import audited
from kezhi.core.actor import SYSTEM
from kezhi.core.repeating import TIMES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def departments(transactional_db):
    return [Department.objects.create(name=name) for name in ("one", "two")]


@pytest.fixture
def both_deed(departments):
    """Two departments changed in the given order, with a wait for the other thread in between."""
    meet = threading.Barrier(2)
    tries = []

    @audited("test.both")
    def change(first, second, *, actor):
        tries.append(first.name)
        Department.objects.filter(pk=first.pk).update(name=first.name + "+")
        if len(tries) <= 2:
            meet.wait(10)
        Department.objects.filter(pk=second.pk).update(name=second.name + "+")
        first.name += "+"

    return change, tries


def test_two_that_block_each_other_both_happen_once(departments, both_deed):
    change, tries = both_deed
    faults = []

    def work(first, second):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET deadlock_timeout = '20ms'")
            change(first, second, actor=SYSTEM)
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    one, two = departments
    again = [Department.objects.get(pk=each.pk) for each in departments]
    threads = [
        threading.Thread(target=work, args=(one, two)),
        threading.Thread(target=work, args=(again[1], again[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults
    assert len(tries) == 3  # one of them gave way, once
    assert Entry.objects.filter(deed="test.both").count() == 2
    # The record among the arguments was set back before it was changed again.
    assert (one.name, again[1].name) == ("one+", "two+")


def test_it_is_given_up_after_a_few_times(departments, monkeypatch):
    monkeypatch.setattr("kezhi.core.repeating.time.sleep", lambda seconds: None)
    tries = []

    @audited("test.never")
    def never(department, *, actor):
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")

    with pytest.raises(OperationalError):
        never(departments[0], actor=SYSTEM)
    assert len(tries) == TIMES + 1
    assert not Entry.objects.filter(deed="test.never").exists()


def test_what_can_be_read_once_is_not_repeated(departments):
    tries = []

    @audited("test.once")
    def once(department, chunks, *, actor):
        tries.append(list(chunks))
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")

    with pytest.raises(OperationalError):
        once(departments[0], iter([b"a"]), actor=SYSTEM)
    assert tries == [[b"a"]]
