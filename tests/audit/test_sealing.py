"""One byte changed in what was recorded is found."""

import subprocess
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from cast import PASSWORD, TODAY
from kezhi.accounts.arranging import create_department
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.audit import sealing
from kezhi.audit.models import Change, Entry, Sighting
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.cli.launch.binaries import find_binaries
from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer, edit_customer

CUT = "WHERE id = (SELECT max(id) FROM audit_entry)"


@pytest.fixture
def company_of_its_own(clone, django_db_blocker, worker_id):
    """A database in which transactions end: what a rolled-back test writes can't be sealed."""
    name = clone(f"kezhi_seal_{worker_id}")
    with django_db_blocker.unblock():
        own = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield _company()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own


def _company():
    Company.objects.create(name="远航供应链", currency="CNY", time_zone="Asia/Shanghai")
    head = create_department("总部", None, actor=SYSTEM)
    person = create_person(
        {
            "login": "liwei",
            "name": "李伟",
            "roles": ["salesperson"],
            "password": PASSWORD,
            "department": head,
        },
        actor=SYSTEM,
    )
    customer = create_customer({"name": "安徽茶业", "city": "合肥"}, actor=person, on=TODAY)
    return SimpleNamespace(person=person, customer=customer)


@pytest.fixture
def sealed(company_of_its_own):
    """A few deeds and a sighting, in two seals."""
    customer, person = company_of_its_own.customer, company_of_its_own.person
    customer = edit_customer(customer, {"city": "黄山"}, actor=person, on=TODAY)
    sealing.seal()
    note_sighting([Seen("customer", customer.pk, "安徽茶业")], actor=person, on=TODAY, where="page")
    company_of_its_own.customer = edit_customer(customer, {"city": "芜湖"}, actor=person, on=TODAY)
    sealing.seal()
    return company_of_its_own


def _recorded():
    return sum(model.objects.count() for model in (Entry, Change, Sighting))


def _run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_everything_recorded_is_covered_once(sealed):
    verdict = sealing.verify()
    assert verdict.is_sound
    assert verdict.rows == _recorded()
    assert sealing.seal() == 0


@pytest.mark.parametrize(
    ("tampering", "reason"),
    [
        (f"UPDATE audit_entry SET actor_name = 'x' {CUT}", "content"),
        ("UPDATE audit_change SET after = '{}' WHERE operation = 'insert'", "content"),
        ("UPDATE audit_sighting SET at = at + interval '1 second'", "content"),
        (f"DELETE FROM audit_entry {CUT}", "rows"),
        (
            "INSERT INTO audit_entry"
            " (at, key, deed, actor_name, subject_kind, subject_title, reason, detail, tx)"
            " SELECT at, gen_random_uuid(), deed, actor_name, '', '', '', '{}', tx"
            " FROM audit_entry LIMIT 1",
            "rows",
        ),
    ],
    ids=["entry", "change", "sighting", "removed", "added"],
)
def test_what_a_superuser_changes_is_found(sealed, tampering, reason):
    _run(tampering)
    verdict = sealing.verify()
    assert (verdict.is_sound, verdict.reason) == (False, reason)


def test_seals_made_without_the_key_are_found(sealed, settings):
    _run(f"UPDATE audit_entry SET reason = 'x' {CUT}")
    _run("DELETE FROM audit_seal")
    own, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    sealing.seal()
    settings.SECRET_KEY = own
    assert not sealing.verify().is_sound


def test_a_chain_begun_anew_lacks_the_head_that_was_written_down(sealed):
    head = sealing.verify().head
    assert sealing.verify(head).is_sound
    _run("DELETE FROM audit_seal")
    _run("DELETE FROM audit_sighting")
    sealing.seal()
    assert sealing.verify().is_sound
    assert sealing.verify(head).reason == "head"


def test_a_transaction_under_way_is_sealed_when_it_has_ended(sealed):
    """Its number is smaller than those of later ones that have ended: the seal stops before it."""
    with psycopg.connect(**connection.get_connection_params()) as slow:
        slow.execute(
            "INSERT INTO audit_entry"
            " (at, key, deed, actor_name, subject_kind, subject_title, reason, detail)"
            " VALUES (now(), gen_random_uuid(), 'slow', 'x', '', '', '', '{}')"
        )
        edit_customer(sealed.customer, {"city": "安庆"}, actor=sealed.person, on=TODAY)
        assert sealing.seal() == 0
        slow.commit()
    assert sealing.seal() == 1
    assert sealing.verify().rows == _recorded()


def test_seeing_again_on_the_same_day_adds_nothing(company_of_its_own):
    for _ in range(2):
        seen = [Seen("customer", 1, "安徽茶业")]
        note_sighting(seen, actor=company_of_its_own.person, on=TODAY, where="page")
    assert Sighting.objects.count() == 1


@pytest.fixture
def another_server(tmp_path_factory):
    """A server that has counted few transactions."""
    folder = tmp_path_factory.mktemp("restored")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    with EmbeddedPostgres(folder, settings=THROW_AWAY) as addresses:
        yield addresses


def _restored(address, dump):
    """The company's database dumped, restored at `address`, and Django led there."""
    here, there = connection.settings_dict, conninfo_to_dict(address)
    programs = find_binaries()
    login = {"PGPASSWORD": here["PASSWORD"] or "", "LANG": "C.UTF-8"}
    source = f"postgresql://{here['USER']}@{here['HOST']}:{here['PORT']}/{here['NAME']}"
    command = [programs["pg_dump"], "--format=custom", f"--file={dump}", source]
    subprocess.run(command, env=login, check=True)
    command = [programs["pg_restore"], "--no-owner", "--exit-on-error", f"--dbname={address}", dump]
    subprocess.run(command, env=login, check=True)
    connection.close()
    for name, part in (
        ("HOST", "host"),
        ("PORT", "port"),
        ("USER", "user"),
        ("PASSWORD", "password"),
        ("NAME", "dbname"),
    ):
        here[name] = there.get(part, "")


def test_a_restored_dump_verifies_and_its_chain_goes_on(sealed, another_server, tmp_path):
    _run("SELECT setval('audit_clock', 5000000)")  # a server that has counted for years
    connection.close()
    edit_customer(sealed.customer, {"city": "宣城"}, actor=sealed.person, on=TODAY)
    sealing.seal()
    head = sealing.verify().head
    sealed.customer.refresh_from_db()
    edit_customer(
        sealed.customer, {"city": "池州"}, actor=sealed.person, on=TODAY
    )  # not sealed yet
    before, own = sealing.verify(), dict(connection.settings_dict)
    last = Entry.objects.order_by("pk").last().tx
    try:
        _restored(another_server.superuser, tmp_path / "dump")
        restored = sealing.verify(head)
        assert (restored.is_sound, restored.rows) == (True, before.rows)
        sealed.customer.refresh_from_db()
        edit_customer(sealed.customer, {"city": "六安"}, actor=sealed.person, on=TODAY)
        assert Entry.objects.order_by("pk").last().tx > last
        assert sealing.seal() == 1
        verdict = sealing.verify(head)
        assert (verdict.is_sound, verdict.rows) == (True, _recorded())
        _run(f"UPDATE audit_entry SET actor_name = 'x' {CUT}")
        assert sealing.verify().reason == "content"
    finally:
        connection.close()
        connection.settings_dict.update(own)


def test_the_count_goes_on_from_what_is_recorded_whoever_asks_first(company_of_its_own):
    """As after a restore: what is recorded is ahead of the server, and two begin to write at once."""
    _run("UPDATE audit_entry SET tx = tx + 9000000 WHERE id = (SELECT max(id) FROM audit_entry)")
    connection.close()
    with psycopg.connect(**connection.get_connection_params()) as other:
        first = other.execute("SELECT kezhi_transaction()").fetchone()[0]
        other.commit()
        edit_customer(
            company_of_its_own.customer, {"city": "黄山"}, actor=company_of_its_own.person, on=TODAY
        )
        again = other.execute("SELECT kezhi_transaction()").fetchone()[0]
    numbers = list(Entry.objects.order_by("tx").values_list("tx", flat=True))
    assert numbers[-2] < first < numbers[-1] < again
    sealing.seal()
    assert sealing.verify().rows == _recorded()


def test_a_name_that_the_law_takes_out_leaves_the_chain_whole_and_tampering_is_found_still(sealed):
    """Through the function of the database and `reseal`; the same change by itself breaks the seal."""
    redact = "SELECT kezhi_redact_audit('audit_entry', ARRAY[%s], '安徽茶业', 'ERASED-1', false)"
    entry = Entry.objects.filter(subject_title="安徽茶业").first()
    with connection.cursor() as cursor:
        cursor.execute(redact, [entry.pk])
        touched = [row[0] for row in cursor.fetchall()]
    assert not sealing.verify().is_sound
    assert sealing.reseal(touched, "erasure") == 1
    assert sealing.verify().is_sound
    entry.refresh_from_db()
    assert entry.subject_title == "ERASED-1"
    sealing.seal()
    assert sealing.verify().is_sound
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_entry SET reason = 'x' {CUT}")
    assert not sealing.verify().is_sound
