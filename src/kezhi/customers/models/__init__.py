"""Customers, their people, where each stands in value, and what happened with them."""

from kezhi.customers.models.contact import Contact
from kezhi.customers.models.customer import Customer
from kezhi.customers.models.follow_up import FollowUp
from kezhi.customers.models.hand_over import HandOver, HandOverItem
from kezhi.customers.models.interaction import Interaction
from kezhi.customers.models.standing import Standing

__all__ = ["Contact", "Customer", "FollowUp", "HandOver", "HandOverItem", "Interaction", "Standing"]
