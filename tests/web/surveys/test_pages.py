"""The customer's page from a hostile and a hurried hand, and the pages on which surveys are designed."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cast import TODAY
from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import give_consent
from kezhi.customers.models import Contact, DoNotContact
from kezhi.satisfaction import designing, ruling, sending
from kezhi.satisfaction.linking import path_of
from kezhi.satisfaction.models import Survey, SurveyInvitation, SurveyLink, SurveyResponse
from kezhi.satisfaction.sending import Happening
from kezhi.web.assets import build_area

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>{{ 7*7 }}=cmd|'/c calc'!A1"


@pytest.fixture
def survey(owner):
    made = designing.create_survey({"code": "after", "instrument": "csat"}, actor=owner, on=TODAY)
    designing.publish_survey(made, actor=owner, at=timezone.now())
    return made


@pytest.fixture
def invitation(survey, anhui_tea, owner, monkeypatch):
    monkeypatch.setattr(sending, "why_not", lambda invitation, at: ("", None))
    contact = Contact.objects.create(
        customer=anhui_tea, name="王芳", email="wang@anhui.example", **anhui_tea.place
    )
    give_consent(
        {
            "customer": anhui_tea,
            "contact": contact,
            "purpose": "survey",
            "channel": "email",
            "source": "import",
            "given_on": TODAY - timedelta(days=90),
        },
        actor=owner,
        on=TODAY,
    )
    fields = {"name": "结单后", "event": "need.answered", "delay_hours": 0}
    ruling.create_rule(survey, fields, actor=owner, at=timezone.now())
    now = timezone.now()
    [made] = sending.happened(
        "need.answered", Happening("need:1", anhui_tea.pk, contact.pk, "need", 1), now
    )
    sending.send_due(actor=SYSTEM, at=now)
    made.refresh_from_db()
    return made


def begun(page):
    return re.search(r'name="begun" value="([^"]+)"', page.content.decode()).group(1)


def test_a_customer_answers_in_two_steps_once_and_small(client, invitation):
    path = path_of(invitation)
    page = client.get(f"{path}?overall=2&lang=zh")
    text = page.content.decode()
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "checked" in text
    assert "<script" not in text
    assert "安徽茶业" not in text
    assert len(page.content) < 12_000
    assert not SurveyResponse.objects.exists()  # a scanner that follows links answers nothing
    typed = {"begun": begun(page), "overall": "2", "comment": EVIL}
    second = client.post(path, typed)
    assert 'name="shown" value="reason"' in second.content.decode()
    assert "<script>alert" not in second.content.decode()
    assert not SurveyResponse.objects.exists()
    whole = typed | {"shown": "reason", "reason": ["slow", "unclear"]}
    for _press in range(2):
        assert "谢谢" in client.post(path, whole).content.decode()
    response = SurveyResponse.objects.get()
    assert response.comment == EVIL
    assert response.replies.get(question__code="reason").choice == "slow,unclear"
    assert "谢谢" in client.get(path).content.decode()


def test_what_a_hostile_hand_sends_is_refused_and_changes_nothing(client, invitation):
    path = path_of(invitation)
    form = {"begun": begun(client.get(path)), "shown": "reason"}
    for typed in (
        {},
        {"overall": "9"},
        {"overall": "5", "begun": "forged:1:x"},
        {"overall": "-1"},
        {"overall": "5\0"},
        {"overall": "1", "reason": "none_of_these"},
    ):
        assert client.post(path, form | typed).status_code in (400, 422), typed
    big = form | {f"x{n}": "y" * 10 for n in range(900)}
    assert client.post(path, big | {"overall": "x" * 9_000}).status_code == 422
    for token in ("a" * 32, "a", "%00" * 10, "../" * 5, "é" * 32):
        assert client.get(f"/s/{token}/").status_code == 404
    assert not SurveyResponse.objects.exists()
    # Another form's fields don't reach columns.
    client.post(path, form | {"overall": "5", "score": "1", "customer": "7", "agent_id": "3"})
    kept = SurveyResponse.objects.get()
    assert (kept.score, kept.customer, kept.agent_id) == (100, invitation.customer, None)


def test_ended_links_say_so_alike_and_who_presses_too_often_waits(client, invitation, owner):
    path = path_of(invitation)
    unknown = client.get(f"/s/{'b' * 32}/").content.decode()
    form = {"begun": begun(client.get(path))}
    for _press in range(40):
        client.post(path, form)
    assert client.post(path, form).status_code == 429
    SurveyInvitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    ended = client.get(path, headers={"Accept-Language": "zh"})
    assert ended.status_code == 410
    heading = re.search(r"<h1>(.+?)</h1>", unknown).group(1)
    assert heading in ended.content.decode()


def test_no_more_surveys_takes_a_press_and_reaches_the_register(client, invitation):
    path = f"{path_of(invitation)}no/"
    client.get(path)
    assert not DoNotContact.objects.exists()
    assert client.post(path).status_code == 200
    assert DoNotContact.objects.filter(purpose="survey", channel="email").exists()
    assert invitation.contact.consents.get().state == "withdrawn"


def test_an_open_link_counts_each_form_once_and_knows_nobody(client, survey, owner):
    link = ruling.create_link(survey, "送货单", actor=owner, on=TODAY)
    path = path_of(link)
    for _visitor in range(2):
        form = {"begun": begun(client.get(path)), "overall": "5"}
        for _press in range(2):
            assert client.post(path, form).status_code == 200
    assert SurveyResponse.objects.filter(customer=None, link=link).count() == 2
    ruling.switch_link(survey, link.pk, False, actor=owner, on=TODAY)
    assert client.get(path).status_code == 410
    assert SurveyLink.objects.get().token_digest not in path


def test_a_survey_is_designed_by_hand_from_bank_to_publication(web, owner, li_wei):
    browser = web(owner)
    made = browser.post(
        "/surveys/new/", {"code": "own", "instrument": "own", "title_en": "Ours", "is_active": "1"}
    )
    survey = Survey.objects.get()
    assert made.status_code == 302
    at = f"/surveys/{survey.pk}/"
    browser.post(f"{at}questions/bank/", {"instrument": "nps", "code": "recommend"})
    new = {
        "text_zh": "最喜欢什么",
        "sort": "choice",
        "labels": "a | 快 | Fast\nb | 好 | Good",
        "weight": "1",
        "low": "1",
        "high": "5",
        "after": "recommend",
        "is": "at_least",
        "than": "9",
    }
    assert browser.post(f"{at}questions/new/", new | {"labels": "只有一个"}).status_code == 422
    assert browser.post(f"{at}questions/new/", new).status_code == 302
    first, second = survey.draft.questions.all()
    assert second.condition == {"question": "recommend", "is": "at_least", "than": 9}
    edit = browser.get(f"{at}questions/{second.pk}/").content.decode()
    assert "a | 快 | Fast" in edit
    for page in (
        "",
        "preview/",
        "preview/?lang=zh",
        "questions/bank/",
        "questions/weights/",
        "low-scores/",
    ):
        assert browser.get(at + page).status_code == 200, page
    browser.post(f"{at}publishing/")
    assert survey.published.number == 1
    assert browser.get(f"{at}questions/{first.pk}/").status_code == 404
    link = {"name": "柜台", "channel": "qr"}
    assert browser.post(f"{at}links/new/", link).status_code == 302
    poster = browser.get(f"{at}links/{survey.links.get().pk}/", HTTP_HOST="localhost:8100")
    assert "<svg" in poster.content.decode()
    assert "http://localhost:8100/s/" in poster.content.decode()  # where it can be opened now
    rule = {
        "name": "答复后", "event": "need.answered", "delay_hours": "2", "share": "50",
        "cap_days": "30", "expires_after_days": "21", "remind_after_days": "5", "seed": "1",
        "tiers": ["S", "A"], "types": ["answered"], "is_active": "1",
    }  # fmt: skip
    assert browser.post(f"{at}rules/new/", rule | {"share": "0"}).status_code == 422
    assert browser.post(f"{at}rules/new/", rule).status_code == 302
    kept = survey.rules.get()
    assert (float(kept.share), kept.tiers, kept.types) == (0.5, ["S", "A"], ["answered"])
    for page in ("", f"rules/{kept.pk}/", "sending/", "not-asked/"):
        assert browser.get(at + page).status_code == 200, page
    other = web(li_wei)
    assert other.get(at).status_code == 200
    for page in ("rules/new/", "sending/", "questions/new/", f"links/{survey.links.get().pk}/"):
        assert other.get(at + page).status_code == 403, page


def test_improvements_stand_on_a_board_and_take_steps(web, owner, survey):
    browser = web(owner)
    fields = {
        "title": "更快回电", "owner": owner.pk, "due_on": "2026-01-05", "measure": "score",
        "survey": survey.pk, "before_from": "2026-01-01", "before_until": "2026-02-01",
        "after_from": "2026-03-01",
    }  # fmt: skip
    made = browser.post("/improvements/new/", fields)
    assert made.status_code == 302, made.content.decode()[:2000]
    at = made["Location"]
    assert "overdue" in browser.get("/improvements/board/").content.decode()
    browser.post(f"{at}step/", {"to": "do", "words": "每天九点回电"})
    assert "每天九点回电" in browser.get(at).content.decode()
    browser.post(f"{at}measuring/")
    assert browser.get(at).status_code == 200


def test_a_long_survey_comes_in_small_pages_and_arrives_whole(
    client, owner, django_assert_max_num_queries
):
    survey = designing.create_survey(
        {"code": "sq", "instrument": "servqual"}, actor=owner, on=TODAY
    )
    version = designing.publish_survey(survey, actor=owner, at=timezone.now())
    path = path_of(ruling.create_link(survey, "年会", actor=owner, on=TODAY))
    sheet = len(build_area("survey.css"))
    with django_assert_max_num_queries(12):
        page = client.get(path)
    codes = [q.code for q in version.questions.all()]
    pages = 0
    while 'name="begun"' in page.content.decode():
        text = page.content.decode()
        pages += 1
        assert len(page.content) + sheet < 30_000
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        asked = {code: "6" for code in codes if f'name="{code}" value="6"' in text}
        if pages == 3:  # back to the page before, which still has its answers, as the last one has
            before = client.post(path, hidden | asked | {"back": "1"}).content.decode()
            assert before.count(" checked") == 14
            assert all(f'name="{code}" value="6"' in before for code in asked)
            assert f"&amp;{codes[0]}=6" in before.split("English")[0]  # so do the languages
        page = client.post(path, hidden | asked | {"comment": "齐"})
        assert page.status_code == 200
    assert pages == 4
    response = SurveyResponse.objects.get()
    assert response.replies.count() == 45
    assert float(response.score) == pytest.approx(83.33)
