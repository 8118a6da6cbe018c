"""Every table says who sees it, what it leaves in the audit, and when it goes; and the answers hold."""

import pytest
from django.apps import apps
from django.db import connection, models

from kezhi.accounts.models import Role
from kezhi.records import registry
from kezhi.records.treatment import treatments, untreated

pytestmark = pytest.mark.django_db


def _models():
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("kezhi.")
    }


def test_every_table_is_treated_and_none_that_is_gone():
    assert untreated(set(_models())) == set()
    assert set(treatments()) <= set(_models())


def test_a_new_table_without_answers_is_found():
    assert untreated({*_models(), "sales_quote"}) == {"sales_quote"}


def test_tables_whose_rows_are_kept_have_the_trigger():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'kezhi_keep_change'"
        )
        kept = {table for (table,) in cursor.fetchall()}
    claimed = {each.table for each in treatments().values() if each.audit == "rows"}
    assert claimed == kept


def test_a_kind_that_decides_is_granted_to_some_role():
    granted = {kind for role in Role.objects.all() for kind in role.grants}
    asked = {each.kind for each in treatments().values() if each.kind}
    assert asked <= granted


def test_kinds_are_seen_through_their_permission_and_taken_out_by_their_lists():
    for kind in registry:
        treated = treatments()[kind.model._meta.db_table]
        assert treated.export == "list", kind.name
        assert hasattr(kind.model._default_manager.all(), "visible_to"), kind.name


def test_what_goes_with_a_customer_or_a_person_is_tied_to_one():
    owners = {"with customer": "customers_customer", "with person": "accounts_user"}
    for each in treatments().values():
        if each.erasure in owners and each.table != owners[each.erasure]:
            assert _leads_to(_models()[each.table], owners[each.erasure]), each.table


def _leads_to(model: type[models.Model], table: str, depth: int = 3) -> bool:
    """By foreign keys that delete along, or by the id itself."""
    if depth == 0:
        return False
    for field in model._meta.get_fields():
        if not isinstance(field, models.ForeignKey) or field.remote_field is None:
            continue
        if field.remote_field.on_delete is not models.CASCADE:
            continue
        target = field.related_model
        if target._meta.db_table == table or _leads_to(target, table, depth - 1):
            return True
    return False
