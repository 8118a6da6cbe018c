"""Who the customers are: companies, some persons, some abroad. How they buy is in `buying`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from kezhi.core.names import name_key
from kezhi.demo.industries import INDUSTRIES, Industry
from kezhi.demo.names import (
    LATIN_BRANDS,
    brand,
    credit_code,
    landline,
    latin,
    mobile,
    person_name,
    pick,
)
from kezhi.demo.people import ABROAD, PEOPLE
from kezhi.demo.places import CITIES, COUNTRIES

SHARE_ABROAD, SHARE_PERSONS, SHARE_WITHOUT_OWNER = 0.04, 0.025, 0.03
FORMS = ("有限公司", "有限公司", "有限公司", "有限公司", "股份有限公司", "集团有限公司")
SOURCES = ("展会", "转介绍", "官网", "电话开拓", "招投标", "老客户推荐", "行业协会")
PAYMENT_DAYS = (0, 15, 30, 30, 45, 60, 60, 90)


@dataclass(frozen=True)
class Customer:
    """`owner` is a sign-in name, empty for customers that nobody looks after."""

    code: str
    name: str
    form: str
    industry: Industry
    department: str
    region: str
    city: str
    address: str
    phone: str
    email: str
    website: str
    credit_code: str
    tax_id: str
    source: str
    payment_days: int
    owner: str
    dialling_code: str

    @property
    def is_abroad(self) -> bool:
        return self.phone.startswith("+")


def imagine_customers(rng: Generator, size: int) -> list[Customer]:
    """`size` customers with names and credit codes of their own."""
    abroad, persons = round(size * SHARE_ABROAD), round(size * SHARE_PERSONS)
    makers = [_abroad] * abroad + [_person] * persons + [_company] * (size - abroad - persons)
    rng.shuffle(makers)  # type: ignore[arg-type]
    found: list[Customer] = []
    seen: set[str] = set()
    for number, make in enumerate(makers, start=1):
        customer = make(rng, f"C-{number:05d}")
        while customer.name in seen:
            customer = make(rng, f"C-{number:05d}")
        seen.add(customer.name)
        found.append(customer)
    return found


def _company(rng: Generator, code: str) -> Customer:
    industry, city = _industry(rng), CITIES[_weighted(rng, _CITY_WEIGHTS)]
    brand_name = brand(rng)
    name = f"{city.name}{brand_name}{pick(rng, industry.words)}{pick(rng, FORMS)}"
    site = f"{name_key(brand_name).replace(' ', '')}{latin(name_key(city.name))[:2]}.example"
    identity = credit_code(rng, city.district_code)
    return Customer(
        code,
        name,
        "company",
        industry,
        city.department,
        city.province,
        city.name,
        f"{city.name}市{pick(rng, city.streets)} {int(rng.integers(1, 1800))} 号",
        landline(rng, city.dialling_code),
        f"wuliu@{site}" if rng.random() < 0.6 else "",
        f"www.{site}" if rng.random() < 0.5 else "",
        identity,
        identity if rng.random() < 0.3 else "",
        pick(rng, SOURCES),
        int(rng.choice(PAYMENT_DAYS)),
        _owner(rng, city.department),
        city.dialling_code,
    )


def _person(rng: Generator, code: str) -> Customer:
    city = CITIES[_weighted(rng, _CITY_WEIGHTS)]
    return Customer(
        code,
        person_name(rng),
        "person",
        INDUSTRIES[int(rng.integers(9, 11))],
        city.department,
        city.province,
        city.name,
        "",
        mobile(rng),
        "",
        "",
        "",
        "",
        pick(rng, SOURCES),
        0,
        _owner(rng, city.department),
        city.dialling_code,
    )


def _abroad(rng: Generator, code: str) -> Customer:
    industry, country = _industry(rng), COUNTRIES[int(rng.integers(len(COUNTRIES)))]
    brand_name = pick(rng, LATIN_BRANDS)
    name = f"{brand_name} {pick(rng, industry.foreign_words)} {pick(rng, country.forms)}"
    site = f"{latin(brand_name)}.example"
    return Customer(
        code,
        name,
        "company",
        industry,
        PEOPLE[1].department,
        country.name,
        country.city,
        f"{int(rng.integers(1, 240))} Harbour Road, {country.city}",
        f"{country.dialling_code} {int(rng.integers(10**6, 10**7)):07d}",
        f"logistics@{site}",
        f"www.{site}",
        "",
        f"{country.tax_prefix}{int(rng.integers(10**8, 10**9))}" if country.tax_prefix else "",
        pick(rng, SOURCES),
        int(rng.choice((30, 45, 60))),
        ABROAD,
        country.dialling_code,
    )


def _industry(rng: Generator) -> Industry:
    return INDUSTRIES[_weighted(rng, _INDUSTRY_WEIGHTS)]


def _owner(rng: Generator, department: str) -> str:
    if rng.random() < SHARE_WITHOUT_OWNER:
        return ""
    return pick(rng, _SELLERS[department])


def _weighted(rng: Generator, cumulated: np.ndarray) -> int:
    return int(np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right"))


_CITY_WEIGHTS = np.cumsum([city.weight for city in CITIES])
_INDUSTRY_WEIGHTS = np.cumsum([industry.weight for industry in INDUSTRIES])
_SELLERS = {
    department: tuple(
        person.login
        for person in PEOPLE
        if person.role == "salesperson"
        and person.department == department
        and person.login != ABROAD
    )
    for department in {person.department for person in PEOPLE}
}
