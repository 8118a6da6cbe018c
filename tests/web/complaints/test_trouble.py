"""An open complaint shows wherever the customer is, and selling asks for a reason there."""

import pytest

from cast import NOW
from kezhi.customers.models import FollowUp
from kezhi.service.models import Complaint
from kezhi.service.tickets.opening import open_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def complaint(anhui_tea, agent):
    fields = {"type": "complaint", "subject": "外箱破损", "customer": anhui_tea}
    return open_ticket(fields, actor=agent, at=NOW).complaint


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_shows_on_every_screen_of_the_customer(web, complaint, anhui_tea, li_wei, language):
    by_owner = web(li_wei, language)
    banner = "Marketing is held back" if language == "en" else "营销"
    mark = "Open complaint" if language == "en" else "投诉未结"
    page = by_owner.get(f"/customers/{anhui_tea.pk}/").content.decode()
    assert banner in page
    assert f"/complaints/{complaint.pk}/" in page
    assert mark in by_owner.get("/customers/").content.decode()
    peek = by_owner.get(f"/customers/{anhui_tea.pk}/peek/", headers={"HX-Request": "true"})
    assert mark in peek.content.decode()
    Complaint.objects.update(voided_at=NOW)
    assert banner not in by_owner.get(f"/customers/{anhui_tea.pk}/").content.decode()
    assert mark not in by_owner.get("/customers/").content.decode()


def test_planning_from_the_screens_asks_why(web, complaint, anhui_tea, li_wei):
    by_owner, at = web(li_wei), f"/customers/{anhui_tea.pk}/"
    planned = {"kind": "call", "text": "聊了新品", "next_on": "2099-01-05"}
    refused = by_owner.post(f"{at}interactions/", planned)
    assert refused.status_code == 409
    assert 'name="despite"' in refused.content.decode()
    plan = {"subject": "推荐新品"}
    assert by_owner.post(f"{at}plans/", plan, headers={"HX-Request": "true"}).status_code == 409
    new = {
        "customer": anhui_tea.pk,
        "subject": "推荐",
        "due_on": "2099-01-05",
        "assignee": li_wei.pk,
    }
    assert by_owner.post("/follow-ups/new/", new).status_code == 409
    assert not FollowUp.objects.exists()
    why = {"despite": "客户主动询价"}
    assert by_owner.post(f"{at}interactions/", planned | why).status_code == 302
    assert by_owner.post(f"{at}plans/", plan | why).status_code == 302
    assert by_owner.post("/follow-ups/new/", new | why).status_code == 302
    assert set(FollowUp.objects.values_list("despite", flat=True)) == {"客户主动询价"}
