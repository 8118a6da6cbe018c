"""The sentence that Today opens with."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from markupsafe import Markup

from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.today.work import Work


def finding(work: Work) -> Markup | str:
    """What is to be gained today; the plain page name where no number says so."""
    first = work.first
    if first:
        sentence = ngettext(
            "Do %(count)s thing first, and you can hold %(amount)s of customer value",
            "Do %(count)s things first, and you can hold %(amount)s of customer value",
            len(first),
        )
        amount = told("%(amount)s", "acc", amount=numbers.money(work.worth))
        return told(sentence, count=len(first), amount=amount)
    if work.due:
        sentence = ngettext(
            "%(count)s follow-up is due today", "%(count)s follow-ups are due today", work.due
        )
        return told(sentence, count=work.due)
    if work.done_today:
        sentence = ngettext(
            "All done: %(count)s follow-up finished today",
            "All done: %(count)s follow-ups finished today",
            work.done_today,
        )
        return told(sentence, count=work.done_today)
    return _("Today")


def greeting(hour: int, name: str) -> str:
    """Good morning, by the clock of the company."""
    if hour < 5 or hour >= 18:
        return _("Good evening, %(name)s") % {"name": name}
    if hour < 12:
        return _("Good morning, %(name)s") % {"name": name}
    return _("Good afternoon, %(name)s") % {"name": name}
