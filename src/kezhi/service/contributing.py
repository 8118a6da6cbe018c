"""What complaints and ideas contribute, and whose complaint is a reason to warn others: told to influence."""

from __future__ import annotations

from kezhi.customers.reaching import home_zone
from kezhi.insight import bonds

# A complaint leads to the improvement that counts complaints of its cause, and whose period before it falls
# into; one that was found unjustified, or was none, contributes nothing.
COMPLAINTS = """
    SELECT customer_id, opened_on - DATE '1970-01-01',
           coalesce((SELECT min(i.finished_on) FROM satisfaction_improvement i
              WHERE i.measure = 'complaints' AND i.state = 'done' AND i.finished_on >= opened_on
                AND opened_on BETWEEN i.before_from AND i.before_until
                AND lower(i.cause) IN (lower(name), lower(name_en)))
            - DATE '1970-01-01', {{never}})
    FROM (SELECT c.id, c.customer_id, (c.opened_at AT TIME ZONE '{zone}')::date AS opened_on,
            coalesce(k.name, '') AS name, coalesce(k.name_en, '') AS name_en
          FROM service_complaint c LEFT JOIN service_complaintcause k ON k.id = c.cause_id
          WHERE c.customer_id IS NOT NULL AND c.voided_at IS NULL AND c.verdict <> 'unjustified') told
    ORDER BY id
"""
IDEAS = """
    SELECT customer_id, submitted_on - DATE '1970-01-01',
           CASE WHEN state = 'done' THEN coalesce(answered_on, submitted_on) - DATE '1970-01-01'
                ELSE {never} END
    FROM service_idea ORDER BY id
"""
# While it is open, and for a year after it was settled without the customer's agreement.
UNRESOLVED = """
    SELECT customer_id, (opened_at AT TIME ZONE '{zone}')::date - DATE '1970-01-01',
           CASE WHEN settled_at IS NULL THEN {{never}}
                WHEN answer IN ('accepted', 'partly')
                  THEN (settled_at AT TIME ZONE '{zone}')::date - 1 - DATE '1970-01-01'
                ELSE (settled_at AT TIME ZONE '{zone}')::date + 365 - DATE '1970-01-01' END
    FROM service_complaint WHERE customer_id IS NOT NULL AND voided_at IS NULL ORDER BY id
"""


def complaints() -> str:
    return COMPLAINTS.format(zone=home_zone().key)


def ideas() -> str:
    return IDEAS


def unresolved() -> str:
    return UNRESOLVED.format(zone=home_zone().key)


def register() -> None:
    """Called once, when the apps are ready."""
    bonds.contribute("complaint", complaints)
    bonds.contribute("idea", ideas)
    bonds.warn(unresolved)
