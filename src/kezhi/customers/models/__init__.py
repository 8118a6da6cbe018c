"""Parties, their people, what is known of them, where each stands in value, and what happened with them."""

from kezhi.customers.models.address import Address
from kezhi.customers.models.card import Card, CardBatch
from kezhi.customers.models.consent import (
    Consent,
    ConsentText,
    ContactPolicy,
    DoNotContact,
    Exemption,
)
from kezhi.customers.models.contact import Contact
from kezhi.customers.models.customer import Customer
from kezhi.customers.models.draft import Draft
from kezhi.customers.models.duplicate import DuplicatePair, DuplicateRules, MatchKey, PairState
from kezhi.customers.models.follow_up import FollowUp
from kezhi.customers.models.hand_over import HandOver, HandOverItem
from kezhi.customers.models.identifier import Identifier
from kezhi.customers.models.important_date import ImportantDate
from kezhi.customers.models.interaction import Interaction
from kezhi.customers.models.mention import Mention
from kezhi.customers.models.merge import Merge
from kezhi.customers.models.need import Need
from kezhi.customers.models.promise import Promise
from kezhi.customers.models.relation import Relation
from kezhi.customers.models.segment import Segment, SegmentDay, SegmentMember, SegmentMove
from kezhi.customers.models.standing import Standing

__all__ = [
    "Address",
    "Card",
    "CardBatch",
    "Consent",
    "ConsentText",
    "Contact",
    "ContactPolicy",
    "Customer",
    "DoNotContact",
    "Draft",
    "DuplicatePair",
    "DuplicateRules",
    "Exemption",
    "FollowUp",
    "HandOver",
    "HandOverItem",
    "Identifier",
    "ImportantDate",
    "Interaction",
    "MatchKey",
    "Mention",
    "Merge",
    "Need",
    "PairState",
    "Promise",
    "Relation",
    "Segment",
    "SegmentDay",
    "SegmentMember",
    "SegmentMove",
    "Standing",
]
