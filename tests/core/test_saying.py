"""What is kept in words of ours is read in the reader's language, not in that of who had it kept."""

import pytest
from django.utils.translation import gettext_lazy, ngettext_lazy, override

from kezhi.core import queue
from kezhi.core.actor import SYSTEM
from kezhi.core.saying import Told, kept, spoken


def test_a_sentence_with_gaps_within_gaps_is_said_in_each_language():
    with override("zh-hans"):
        inner = Told(gettext_lazy("Compute %(name)s"), name="100% 茶")
        told = Told(gettext_lazy("Undo: %(what)s"), what=inner)
    assert told.startswith("撤销")
    with override("en"):
        assert spoken(told.kept) == "Undo: Compute 100% 茶"
        assert Told.again(told.kept).kept == told.kept


def test_what_is_no_message_of_ours_stays_the_text_that_it_is():
    with override("en"):
        assert kept("报价.xlsx") == "报价.xlsx"
        assert kept(ngettext_lazy("%d day", "%d days", 2) % 2) == "2 days"
        assert spoken("报价.xlsx") == "报价.xlsx"


@pytest.mark.django_db
def test_the_title_of_work_is_read_in_every_language():
    with override("zh-hans"):
        job = queue.start("search.fill", gettext_lazy("Search for duplicates"), actor=SYSTEM)
    assert job.title != "Search for duplicates"
    job.refresh_from_db()
    with override("en"):
        assert job.told == "Search for duplicates"
    job.words, job.title = {}, "客户.csv"
    assert job.told == "客户.csv"
