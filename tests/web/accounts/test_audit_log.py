"""Who did what and who saw what: asked on screen, taken as a file."""

from datetime import timedelta

import pytest

from cast import TODAY
from kezhi.audit.models import Entry
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.customers.creating import edit_customer

pytestmark = pytest.mark.django_db
LOG = "/settings/audit/"


@pytest.fixture
def moved(anhui_tea, li_wei):
    return edit_customer(anhui_tea, {"city": "=黄山"}, actor=li_wei, on=TODAY)


@pytest.fixture
def ask(client, owner):
    client.force_login(owner)
    return lambda query="": client.get(LOG + query).content.decode()


def test_it_is_asked_by_topic_person_record_and_word(ask, moved, li_wei, owner):
    assert "安徽茶业" in ask("?topic=changes")
    assert "安徽茶业" not in ask("?topic=exports")
    assert "安徽茶业" in ask(f"?who={li_wei.pk}")
    assert "安徽茶业" not in ask(f"?who={owner.pk}")
    assert "安徽茶业" in ask(f"?kind=customer&record={moved.pk}")
    assert "安徽茶业" not in ask(f"?kind=customer&record={moved.pk + 1}")
    assert "安徽茶业" not in ask("?text=福建")


def test_days_are_the_companys(ask, moved):
    day = Entry.objects.get(deed="customer.edited").at.date()
    assert "安徽茶业" in ask(f"?since={day - timedelta(days=1)}&until={day + timedelta(days=1)}")
    assert "安徽茶业" not in ask(f"?until={day - timedelta(days=2)}")


def test_who_saw_whose_data(ask, moved, li_wei):
    seen = [Seen("customer", moved.pk, "安徽茶业有限公司")]
    note_sighting(seen, actor=li_wei, on=TODAY, where="page")
    assert "安徽茶业有限公司" in ask(f"?topic=seen&who={li_wei.pk}")


@pytest.mark.parametrize(
    "query", ["?topic=x&who=x&since=x&kind=x&record=x&before=x", "?text=%00", "?who=9" + "9" * 30]
)
def test_what_is_not_understood_is_not_asked(client, owner, query):
    client.force_login(owner)
    assert client.get(LOG + query).status_code == 200


def test_the_file_is_harmless_and_its_taking_recorded(client, owner, moved):
    client.force_login(owner)
    lines = b"".join(client.post(f"{LOG}export/?topic=changes").streaming_content).decode()
    assert "安徽茶业" in lines
    assert "合肥" in lines
    assert not any(cell.startswith("=") for line in lines.splitlines() for cell in line.split(","))
    taken = Entry.objects.get(deed="audit.exported")
    assert taken.actor_id == owner.pk
    assert taken.detail["rows"] >= 1


def test_who_may_not_read_it_may_not_take_it(client, manager, moved):
    client.force_login(manager)
    assert client.get(LOG).status_code == 403
    assert client.post(f"{LOG}export/").status_code == 403
    assert not Entry.objects.filter(deed="audit.exported").exists()


def test_queries_do_not_grow_with_the_log(
    client, owner, anhui_tea, li_wei, django_assert_num_queries
):
    client.force_login(owner)

    def queries():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as caught:
            assert client.get(LOG).status_code == 200
        return len(caught)

    few = queries()
    customer = anhui_tea
    for number in range(30):
        customer = edit_customer(customer, {"city": f"城{number}"}, actor=li_wei, on=TODAY)
    assert queries() <= few + 1
