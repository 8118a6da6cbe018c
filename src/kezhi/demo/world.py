"""The whole company from a seed and a day: the same every time, without a database."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from datetime import date

import numpy as np

from kezhi.demo.buying import Buying, Story, imagine_buying
from kezhi.demo.contacts import Contact, imagine_contacts
from kezhi.demo.customers import Customer, imagine_customers
from kezhi.demo.delivering import Deliveries, imagine_deliveries
from kezhi.demo.selling import Sales, imagine_sales
from kezhi.demo.serving import Service, imagine_service
from kezhi.demo.settling import Payments, imagine_payments
from kezhi.demo.talking import FollowUp, Interaction, imagine_talk

SEED = 20_260_101
SIZE = 1_300


@dataclass(frozen=True)
class World:
    """Everything that will be put into the installation."""

    story: Story
    customers: list[Customer]
    buying: Buying
    sales: Sales
    payments: Payments
    deliveries: Deliveries
    service: Service
    contacts: list[Contact]
    interactions: list[Interaction]
    follow_ups: list[FollowUp]

    def digest(self) -> str:
        """Two worlds with the same digest are the same to the last figure and word."""
        seal = hashlib.sha256()
        for part in (self.buying, self.sales, self.payments, self.deliveries, self.service):
            for column in astuple(part):
                seal.update(
                    column.tobytes() if isinstance(column, np.ndarray) else repr(column).encode()
                )
        for row in (self.customers, self.contacts, self.interactions, self.follow_ups, self.story):
            seal.update(repr(row).encode())
        return seal.hexdigest()


def imagine_world(*, today: date, seed: int = SEED, size: int = SIZE) -> World:
    """`size` customers and three years of business up to `today`.

    Each part draws from a stream of its own, so that a change in one leaves the others as they were.
    """
    streams = [np.random.default_rng(each) for each in np.random.SeedSequence(seed).spawn(8)]
    story = Story.until(today)
    customers = imagine_customers(streams[0], size)
    buying = imagine_buying(streams[1], customers, story)
    contacts = imagine_contacts(streams[4], customers)
    sales = imagine_sales(streams[2], customers, buying, story)
    interactions, follow_ups = imagine_talk(streams[5], customers, contacts, buying, story)
    return World(
        story,
        customers,
        buying,
        sales,
        imagine_payments(streams[6], customers, buying, sales),
        imagine_deliveries(streams[7], buying, sales),
        imagine_service(streams[3], buying),
        contacts,
        interactions,
        follow_ups,
    )
