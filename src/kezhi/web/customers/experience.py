"""What a customer was promised and got, and how content they are, beside their story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.insight.expecting import COMMITMENTS, KeptToCustomer, kept_to
from kezhi.insight.experiencing import satisfaction_of
from kezhi.records.fields import Label
from kezhi.web.customers.filled import holds


@dataclass(frozen=True, slots=True)
class Experience:
    """`kept` by topic with its source; `satisfaction`: score, how many responses, day of the newest."""

    kept: tuple[tuple[Label, KeptToCustomer], ...]
    satisfaction: tuple[float, int, date] | None

    def __bool__(self) -> bool:
        return bool(self.kept) or self.satisfaction is not None

    @property
    def count(self) -> int:
        return sum(one.count for _label, one in self.kept)

    @property
    def share(self) -> float:
        return sum(one.kept for _label, one in self.kept) / self.count


def of(customer: Customer, actor: User, on: date) -> Experience:
    """Two kinds of facts, each for who may read them: promises, and responses to surveys."""
    kept = kept_to(customer.pk, on) if actor.may("read", "promise") else ()
    may_know = actor.may("read", "survey_response") and holds(customer, "reading")
    content = satisfaction_of(customer.pk) if may_know else None
    return Experience(
        tuple((COMMITMENTS[one.source].label, one) for one in kept if one.source in COMMITMENTS),
        content,
    )
