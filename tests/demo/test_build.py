"""The demo company in the database: all of it or nothing, by the product's own ways."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import TODAY
from kezhi.accounts.models import Company, User
from kezhi.audit.models import Entry
from kezhi.customers.models import (
    Contact,
    Customer,
    Interaction,
    Segment,
    Standing,
)
from kezhi.dataio.models import ImportBatch
from kezhi.demo import build
from kezhi.demo.build import build_demo
from kezhi.demo.people import PASSWORD, PEOPLE
from kezhi.demo.segmenting import SEGMENTS
from kezhi.ledger.models import Contract, CostEntry, Order, OrderLine
from kezhi.records import registry

pytestmark = pytest.mark.django_db
MOST_OF_A_LIST = 13  # queries


@pytest.fixture
def own_folders(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.DATA = tmp_path


@pytest.fixture
def unmeasured(monkeypatch, own_folders):
    """The value runs are somebody else's test, and most of the time."""
    monkeypatch.setattr(build, "_measure", lambda *arguments: None)


def test_the_bulk_comes_by_import_and_people_did_a_few_hundred_deeds(unmeasured, client):
    assert build_demo(today=TODAY, size=150).is_new
    imported = {batch.kind: batch for batch in ImportBatch.objects.all()}
    buyers = Customer.objects.filter(roles__contains=["customer"])
    assert imported["customer"].created == 150
    assert buyers.count() >= 150  # some were entered a second time by hand
    assert imported["order"].created == OrderLine.objects.count()
    assert imported["order"].bad == 0
    deeds = Entry.objects.exclude(deed__startswith="import").values_list("deed", "actor_name")
    assert Segment.objects.filter(counted_on=TODAY).count() == len(SEGMENTS) + 1
    assert len(deeds) > 200
    assert {name for deed, name in deeds if deed == "interaction.logged"} >= {"王浩然", "何静"}
    client.force_login(User.objects.get(login="lin"))
    for kind in registry:
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/{kind.address}/?view=all")
        # Whatever its rows show is fetched with them.
        assert (page.status_code, len(asked) > MOST_OF_A_LIST) == (200, False), kind.name


def test_facts_follow_the_owner_of_their_customer(unmeasured):
    build_demo(today=TODAY, size=150)
    for model in (Order, CostEntry, Contract, Contact, Interaction, Standing):
        rows = model.objects.values_list("owner_id", "customer__owner_id")
        assert all(owner == customers for owner, customers in rows)


def test_everyone_can_sign_in_with_the_printed_password(unmeasured):
    demo = build_demo(today=TODAY, size=60)
    assert User.objects.active().count() == len(PEOPLE)
    for login, password, _who in demo.sign_ins:
        assert password == PASSWORD
        assert User.objects.get(login=login).check_password(password)


def test_a_second_start_leaves_everything_as_it_is(unmeasured):
    build_demo(today=TODAY, size=60)
    orders = Order.objects.count()
    assert not build_demo(today=TODAY, size=90).is_new
    assert Order.objects.count() == orders


def test_a_company_of_ones_own_is_left_alone(company, unmeasured):
    assert not build_demo(today=TODAY, size=60).is_new
    assert not Customer.objects.exists()


def test_an_interrupted_build_leaves_an_empty_installation(monkeypatch, own_folders):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "_measure", stop)
    with pytest.raises(KeyboardInterrupt):
        build_demo(today=TODAY, size=60)
    assert Company.current() is None
    assert not User.objects.exists()
    assert not Order.objects.exists()
