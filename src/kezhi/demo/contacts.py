"""The people at the customers: who decides, who buys, who uses, who has a say."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from kezhi.core.names import name_key
from kezhi.demo.customers import Customer
from kezhi.demo.names import LATIN_PEOPLE, latin, mobile, person_name, pick

ROLES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("buyer", ("采购经理", "物流采购", "采购主管"), ("Purchasing Manager", "Logistics Buyer")),
    (
        "decider",
        ("总经理", "供应链总监", "运营总监"),
        ("Managing Director", "Supply Chain Director"),
    ),
    (
        "user",
        ("仓储主管", "发货主管", "物流专员"),
        ("Warehouse Supervisor", "Shipping Coordinator"),
    ),
    ("influencer", ("财务经理", "质量经理", "计划经理"), ("Finance Manager", "Quality Manager")),
)


@dataclass(frozen=True)
class Contact:
    """`customer` is a position in the list of customers; the first of a customer is the main one."""

    customer: int
    name: str
    title: str
    decision_role: str
    phone: str
    email: str
    wechat: str
    is_primary: bool


def imagine_contacts(rng: Generator, customers: list[Customer]) -> list[Contact]:
    """One to four people at each company; a person is their own contact."""
    contacts: list[Contact] = []
    for position, customer in enumerate(customers):
        if customer.form == "person":
            contacts.append(
                Contact(position, customer.name, "", "decider", customer.phone, "", "", True)
            )
            continue
        names: set[str] = set()
        for place in range(1 + int(rng.choice(4, p=(0.3, 0.36, 0.24, 0.1)))):
            contact = _contact(rng, customer, position, place)
            if contact.name not in names:
                names.add(contact.name)
                contacts.append(contact)
    return contacts


def _contact(rng: Generator, customer: Customer, position: int, place: int) -> Contact:
    role, titles, titles_abroad = ROLES[place]
    site = customer.website.removeprefix("www.") or customer.email.partition("@")[2]
    name = pick(rng, LATIN_PEOPLE) if customer.is_abroad else person_name(rng)
    account = latin(name_key(name))
    has_mail = bool(site) and rng.random() < 0.7
    return Contact(
        position,
        name,
        pick(rng, titles_abroad if customer.is_abroad else titles),
        role,
        f"{customer.dialling_code} {int(rng.integers(10**6, 10**7))}"
        if customer.is_abroad
        else mobile(rng),
        f"{account}@{site}" if has_mail else "",
        f"{account}{int(rng.integers(10, 99))}"
        if rng.random() < 0.5 and not customer.is_abroad
        else "",
        place == 0,
    )
