"""How complaints are known to tickets and to the apps below."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.customers import following_up, placing, reaching
from kezhi.insight.figures import risk
from kezhi.messaging import noticing
from kezhi.messaging.models import NoticePreference
from kezhi.records.fields import Label
from kezhi.service.complaints import analysing, beginning, measuring, troubling
from kezhi.service.intake import following
from kezhi.service.models import Complaint
from kezhi.service.tickets import happening, hooks

Way = NoticePreference.Way
Step = Complaint.Step
# Who is to blame, what is approved and what is learned stays in the house.
TO_THE_CUSTOMER: dict[str, Label] = {
    Step.RECORD: _("Your complaint is on record"),
    Step.JUDGE: _("We examined what happened"),
    Step.CAUSE: _("We found the cause"),
    Step.PROPOSAL: _("We worked out a proposal for you"),
    Step.APPROVE: _("Our proposal is ready"),
    Step.ACT: _("What we proposed is carried out"),
    Step.FEED_BACK: _("We asked whether you are content"),
    Step.SUMMARISE: _("We completed your case"),
}


def register() -> None:
    """Called once, when the apps are ready."""
    hooks.ON_OPENED.append(beginning.follow_opened)
    hooks.ON_CHANGED.append(beginning.follow_changed)
    hooks.ON_STATE.append(beginning.follow_state)
    hooks.ON_MERGED.append(beginning.follow_merged)
    hooks.ON_PARTED.append(beginning.follow_parted)
    hooks.MAY_CLOSE.append(beginning.may_close)
    placing.on_place.append(follow_owners)
    measuring.register()
    analysing.register()
    risk.troubles.append(troubling.words_of)
    reaching.hindrances.append(troubling.hindrances)
    following_up.troubles.append(troubling.why_not_now)
    steps: dict[str, dict[str, Label]] = {
        "step": {str(key): label for key, label in Complaint.Step.choices}
    }
    done = _("Step of the complaint done by %(who)s: %(step)s. %(words)s")
    happening.declare("complaint_step", happening.Happening(done, "check", False, steps))
    back = _("%(who)s took the complaint back to the step %(step)s. %(reason)s")
    happening.declare("complaint_back", happening.Happening(back, "undo", False, steps))
    following.TOLD["complaint_step"] = ("step", TO_THE_CUSTOMER)
    noticing.declare(
        noticing.NoticeKind(
            "complaint.approved",
            _("Compensation that you proposed is approved"),
            _("%(who)s approved what you proposed on %(what)s"),
            "check",
            Way.HERE,
        ),
        noticing.NoticeKind(
            "complaint.rejected",
            _("Compensation that you proposed is rejected"),
            _("%(who)s rejected what you proposed on %(what)s"),
            "alert",
            Way.HERE,
        ),
    )


def follow_owners(customer_ids: list[int]) -> None:
    """Complaints repeat the owner, team and department of their customer."""
    placing.follow_in(Complaint._meta.db_table, customer_ids)
