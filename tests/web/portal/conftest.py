"""Two customers with a portal account each, and a colleague of the first."""

from types import SimpleNamespace

import pytest

from cast import TODAY
from portal_people import a_contact, an_account, open_portal, signed_in


@pytest.fixture
def portal(owner, li_wei, anhui_tea):
    """`portal.zhang` and `portal.wu` are of 安徽茶业, `portal.bai` is of another customer."""
    from kezhi.core.actor import SYSTEM
    from kezhi.customers.creating import create_customer

    open_portal()
    other = create_customer({"name": "黄山毛峰合作社", "code": "C-HSMF"}, actor=SYSTEM, on=TODAY)
    contacts = {
        "zhang": a_contact(anhui_tea, "张敏", "zhang@tea.example"),
        "wu": a_contact(anhui_tea, "吴涛", "wu@tea.example"),
        "bai": a_contact(other, "白露", "bai@maofeng.example"),
    }
    return SimpleNamespace(
        customer=anhui_tea,
        other=other,
        contacts=SimpleNamespace(**contacts),
        zhang=an_account(contacts["zhang"], language="en"),
        wu=an_account(contacts["wu"], reach="customer", language="en"),
        bai=an_account(contacts["bai"], language="en"),
    )


@pytest.fixture
def zhang(portal):
    """Zhang Min's browser."""
    return signed_in(portal.zhang)


@pytest.fixture
def bai(portal):
    return signed_in(portal.bai)
