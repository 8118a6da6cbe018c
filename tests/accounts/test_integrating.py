from datetime import timedelta

import pytest

from cast import NOW, TODAY
from kezhi.accounts import integrating
from kezhi.accounts.integrating import BadToken, actor_of_token
from kezhi.accounts.models import Integration, Role, Token, User
from kezhi.audit.models import Entry
from kezhi.core.actor import SYSTEM, Access, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import create_customer
from kezhi.customers.models import Customer

FIELDS = {"name": "ERP", "purpose": "Orders", "grants": {"customer": ["read", "create"]}}


def connect(owner, **more):
    return integrating.create_integration({**FIELDS, **more}, actor=owner, on=TODAY)


def token_of(integration, actor=None):
    return integrating.issue_token(integration, actor=actor or integration.owner, at=NOW, on=TODAY)


def acting(secret, *, at=NOW, on=TODAY, address="203.0.113.7"):
    return actor_of_token(secret, at=at, on=on, address=address)


def test_a_token_acts_as_its_owner_within_what_was_given(owner):
    actor = acting(token_of(connect(owner)).secret)
    assert actor == owner
    assert actor.scope("read", "customer") is Scope.ALL
    assert not actor.may("edit", "customer")
    assert not actor.may("read", "order")
    assert not actor.is_owner


def test_a_token_never_may_more_than_its_owner_at_that_moment(owner, li_wei):
    given = {"customer": ["read", "delete"], "audit": ["read"]}
    secret = token_of(
        integrating.create_integration(
            {**FIELDS, "grants": given}, actor=owner, on=TODAY, owner=li_wei
        ),
        actor=owner,
    ).secret
    assert acting(secret).scope("read", "customer") is li_wei.scope("read", "customer")
    assert not acting(secret).may("read", "audit")
    Role.objects.filter(key="salesperson").update(grants={})
    assert not acting(secret).may("read", "customer")


def test_groups_of_fields_are_narrowed_for_every_kind(owner):
    rules = {"reach": "masked", "money": "edit"}
    actor = acting(token_of(connect(owner, field_rules=rules)).secret)
    assert actor.access("customer", "reach") is Access.MASKED
    assert actor.access("order", "money") is Access.HIDDEN  # the kind wasn't given at all
    assert actor.access("customer", "money") is Access.EDIT


def test_the_text_is_nowhere_kept(owner):
    secret = token_of(connect(owner)).secret
    token = Token.objects.get()
    assert secret.startswith("kz_")
    assert secret.startswith(token.prefix)
    assert secret not in str(list(Token.objects.values())) + str(list(Entry.objects.values()))


@pytest.mark.parametrize(
    "how", ["revoked", "expired", "integration over", "deactivated", "elsewhere"]
)
def test_a_token_is_dead_at_once(owner, how):
    integration = connect(owner, networks=["203.0.113.0/24"], expires_on=TODAY)
    issued = token_of(integration)
    assert acting(issued.secret)
    at, on, address = NOW, TODAY, "203.0.113.7"
    if how == "revoked":
        integrating.revoke_token(integration, issued.token, actor=owner, at=NOW)
    elif how == "expired":
        Token.objects.update(expires_at=NOW)
    elif how == "integration over":
        on += timedelta(days=1)
    elif how == "deactivated":
        User.objects.update(is_active=False)
    else:
        address = "198.51.100.1"
    with pytest.raises(BadToken):
        acting(issued.secret, at=at, on=on, address=address)


def test_renewing_leaves_the_former_token_its_time(owner):
    integration = connect(owner)
    former = token_of(integration)
    new = integrating.rotate_token(
        integration, former.token, actor=owner, at=NOW, on=TODAY, overlap=timedelta(hours=1)
    )
    assert acting(former.secret)
    assert acting(new.secret)
    later = NOW + timedelta(hours=1)
    assert acting(new.secret, at=later)
    with pytest.raises(BadToken):
        acting(former.secret, at=later)


def test_one_deed_ends_everything_it_holds(owner, monkeypatch):
    integration = connect(owner)
    secrets = [token_of(integration).secret for _ in range(2)]
    ended = []
    monkeypatch.setattr(integrating, "on_revoking", [lambda each: ended.append(each) or 1])
    assert integrating.revoke_integration(integration, actor=owner, at=NOW) == 3
    assert ended == [integration]
    for secret in secrets:
        with pytest.raises(BadToken):
            acting(secret)
    with pytest.raises(Refused):
        token_of(integration)


def test_the_audit_names_the_program_and_the_person(owner):
    actor = acting(token_of(connect(owner)).secret)
    create_customer({"name": "黄山毛峰"}, actor=actor, on=TODAY)
    entry = Entry.objects.get(deed="customer.created")
    assert entry.actor_id == owner.pk
    assert entry.detail["by_integration_name"] == "ERP"


def test_no_program_manages_programs_roles_or_what_is_masked(owner):
    for kind in ("integration", "role", "demo", "reveal"):
        with pytest.raises(Refused):
            connect(owner, grants={kind: ["read"]})
    with pytest.raises(Refused):
        connect(owner, grants={"user": ["edit"]})
    everything = {kind: list(actions) for kind, actions in integrating.givable().items()}
    integration = connect(owner, grants=everything)
    actor = acting(token_of(integration).secret)
    for deed in (
        lambda: connect(actor),
        lambda: token_of(integration, actor=actor),
        lambda: integrating.revoke_integration(integration, actor=actor, at=NOW),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_only_an_owner_connects_for_others_and_lets_programs_read_more(owner, manager, li_wei):
    Role.objects.get(key="manager")
    role = Role.objects.get(key="manager")
    role.grants["integration"] = dict.fromkeys(("read", "create", "edit", "delete"), "own")
    role.save()
    manager = User.objects.get(pk=manager.pk)
    with pytest.raises(NotAllowed):
        integrating.create_integration(FIELDS, actor=manager, on=TODAY, owner=li_wei)
    with pytest.raises(NotAllowed):
        connect(manager, rows_a_day=5_001)
    mine = connect(manager)
    assert list(Integration.objects.visible_to(manager)) == [mine]
    theirs = connect(owner)
    with pytest.raises(NotAllowed):
        token_of(theirs, actor=manager)
    with pytest.raises(NotAllowed):
        connect(li_wei)


def test_a_use_is_noted_once_a_minute(owner, django_assert_num_queries):
    secret = token_of(connect(owner)).secret
    acting(secret)
    assert Token.objects.get().last_used_from == "203.0.113.7"
    with django_assert_num_queries(1):
        acting(secret, at=NOW + timedelta(seconds=30), address="203.0.113.8")


def test_a_customer_of_the_system_has_no_program(db):
    create_customer({"name": "黄山毛峰"}, actor=SYSTEM, on=TODAY)
    assert "by_integration" not in Entry.objects.get(deed="customer.created").detail
    assert Customer.objects.count() == 1
