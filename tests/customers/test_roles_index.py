"""Among very many customers the few who only supply are found by an index."""

import pytest
from django.db import connection

from cast import NOW, TODAY
from kezhi.customers.models import Customer
from kezhi.records import Condition, registry
from kezhi.workbench.filtering import Asking, Filter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("condition", ["roles.any.supplier", "roles.all.customer,supplier"])
def test_suppliers_are_found_by_the_index_of_the_unusual(owner, condition):
    Customer.objects.bulk_create(
        Customer(code=f"C{n}", name=f"茶行 {n}", roles=["customer"]) for n in range(3000)
    )
    Customer.objects.create(code="S1", name="包装厂", roles=["supplier", "customer"])
    kind = registry["customer"]
    asking = Asking(owner, TODAY, NOW.tzinfo)
    rows = Filter.of(kind, asking, conditions=[Condition.parse(condition)], text="", sort="").apply(
        kind.visible_to(owner)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer")
    assert "customers_roles" in rows.explain()
    assert [row.code for row in rows] == ["S1"]
