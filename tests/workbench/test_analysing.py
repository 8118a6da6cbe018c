"""Of many records figures are counted by a job, kept for who may see the same records, and dated."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cast import NOW
from kezhi.accounts.models import Company, User
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import Refused
from kezhi.service.complaints.analysing import NAME, read
from kezhi.service.tickets.opening import open_ticket
from kezhi.workbench import analysing
from kezhi.workbench.models import KeptAnalysis

pytestmark = pytest.mark.django_db
ADDRESS = "/complaints/analysis/"


@pytest.fixture
def many(anhui_tea, agent, monkeypatch):
    """Four complaints are many."""
    monkeypatch.setattr(analysing, "MANY", 3)

    def complain(count=1):
        for _number in range(count):
            fields = {"type": "complaint", "subject": "破损", "customer": anhui_tea}
            open_ticket(fields, actor=agent, at=NOW)

    complain(4)
    return complain


def fresh(person):
    return User.objects.prefetch_related("roles").get(pk=person.pk)


def in_the_morning(day=1):
    here = NOW.astimezone(Company.current().zone) + timedelta(days=day)
    return here.replace(hour=analysing.MORNING, minute=40)


def test_few_are_counted_at_once_and_many_by_a_job(many, owner, chen_jing):
    few = read(chen_jing, NOW)
    assert (few.figures.total, few.state.is_kept, few.state.counted_at) == (0, False, NOW)
    assert read(owner, NOW).figures is None
    job = analysing.start_analysis(NAME, actor=owner, at=NOW)
    assert read(owner, NOW).state.job == job
    with pytest.raises(Refused):
        analysing.start_analysis(NAME, actor=owner, at=NOW)
    analysing.count_analysis(NAME, actor=owner, at=NOW)
    job.finish(JobState.DONE, {})
    many()
    found = read(owner, NOW + timedelta(hours=1))
    assert (found.figures.total, found.figures.open) == (4, 4)
    assert (found.state.counted_at, found.state.job) == (NOW, None)
    assert read(chen_jing, NOW).figures.total == 0


def test_every_morning_for_the_company_and_for_who_looked_lately(many, owner, manager, li_wei):
    morning = in_the_morning()
    assert analysing.count_all(actor=SYSTEM, at=morning.replace(hour=4)) is None
    assert analysing.count_all(actor=SYSTEM, at=morning) == 1
    assert read(owner, morning).figures.total == 4
    whole = KeptAnalysis.objects.get(subject=NAME)
    for person in (manager, li_wei):
        assert read(fresh(person), morning).figures is None
    analysing.count_analysis(NAME, actor=fresh(manager), at=morning)
    many()
    later = in_the_morning(2)
    assert analysing.count_all(actor=SYSTEM, at=later) == 2
    for person in (owner, manager):
        assert read(fresh(person), later).figures.total == 5
    analysing.count_all(actor=SYSTEM, at=in_the_morning(21))
    assert list(KeptAnalysis.objects.filter(subject=NAME)) == [whole]


def test_what_somebody_may_not_see_any_more_is_not_read_either(many, owner, chen_jing):
    analysing.count_analysis(NAME, actor=fresh(owner), at=NOW)
    assert read(fresh(owner), NOW).figures.total == 4
    owner.roles.set(chen_jing.roles.all())
    found = read(fresh(owner), NOW)
    assert (found.figures.total, found.state.is_kept) == (0, False)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_when_it_was_counted_and_reads_one_row_of_many(many, client, owner, language):
    User.objects.filter(pk=owner.pk).update(language=language)
    client.force_login(owner)
    assert client.post(ADDRESS).url == ADDRESS
    card = client.get(ADDRESS).content.decode()
    job = JobRun.objects.get()
    assert f'id="job-{job.pk}"' in card
    poll = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": f"job-{job.pk}"}
    assert "<main" not in client.get(ADDRESS, **poll).content.decode()
    analysing.count_analysis(NAME, actor=owner, at=NOW)
    job.finish(JobState.DONE, {})
    assert client.get(ADDRESS, **poll)["HX-Refresh"] == "true"
    with CaptureQueriesContext(connection) as asked:
        page = client.get(ADDRESS).content.decode()
    assert {"en": "Count anew", "zh-hans": "重新统计"}[language] in page
    assert NOW.astimezone(Company.current().zone).strftime("%H:%M") in page
    of_complaints = [each["sql"] for each in asked if '"service_complaint"' in each["sql"]]
    assert len([sql for sql in of_complaints if "LIMIT 4" not in sql]) <= 1  # the navigation counts
