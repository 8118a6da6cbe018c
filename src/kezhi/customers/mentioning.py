"""Colleagues called by `@name` in an entry of the timeline. Only who may see the customer is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM
from kezhi.core.names import name_key
from kezhi.customers.models import Customer, Interaction, Mention
from kezhi.messaging.noticing import notify

MOST = 20
LONGEST_NAME = 40
# Not an e-mail address: nothing that belongs to a word stands before the sign.
CALL = re.compile(r"(?<![A-Za-z0-9._-])[@＠]")
LOOKED_AT, OFFERED = 24, 8


def called(text: str) -> list[User]:
    """The colleagues whose whole name follows an @; the longest name wins."""
    ends: dict[str, set[str]] = {}
    for match in list(CALL.finditer(text))[:MOST]:
        rest = text[match.end() : match.end() + LONGEST_NAME]
        for length in range(1, len(rest) + 1):
            name = rest[:length].rstrip()
            ends.setdefault(name_key(name), set()).add(rest)
    if not ends:
        return []
    people = User.objects.active().filter(name_key__in=list(ends)).prefetch_related("roles")
    found: dict[int, User] = {}
    for rest in {rest for rests in ends.values() for rest in rests}:
        named = [p for p in people if rest.lower().startswith(p.name.lower())]
        longest = max((len(p.name) for p in named), default=0)
        found.update({p.pk: p for p in named if len(p.name) == longest})
    return list(found.values())


def keep_mentions(interaction: Interaction) -> list[User]:
    """Those called in the entry who may see it; who isn't called any more is taken off the list."""
    people = [
        person
        for person in called(interaction.text)
        if person.pk != interaction.author_id
        and may_see(person, interaction.customer)
        and Interaction.objects.visible_to(person).filter(pk=interaction.pk).exists()
    ]
    before = set(interaction.mentions.values_list("person_id", flat=True))
    Mention.objects.filter(interaction=interaction).exclude(person__in=people).delete()
    Mention.objects.bulk_create(
        [Mention(interaction=interaction, person=person) for person in people],
        ignore_conflicts=True,
    )
    notify(
        [person.pk for person in people if person.pk not in before],
        "mention",
        by=interaction.author or SYSTEM,
        about=interaction,
        words={"what": interaction.text[:120]},
    )
    return people


def may_see(person: User, customer: Customer) -> bool:
    return bool(Customer.objects.visible_to(person).filter(pk=customer.pk).exists())


def to_mention(customer: Customer, typed: str, besides: int) -> list[User]:
    """Colleagues who may see the customer and whose name, pinyin or initials begin as typed."""
    return beginning(typed, besides, lambda person: may_see(person, customer))


def beginning(typed: str, besides: int, may: Callable[[User], bool]) -> list[User]:
    """Of those whose name, pinyin or initials begin as typed, the first few for whom `may` says yes."""
    wanted = "".join(name_key(typed).split())
    people = User.objects.active().exclude(pk=besides)
    if wanted:
        people = people.filter(name_key__startswith=wanted[0])
    known = people.order_by("name_key").values_list("pk", "name_key")
    fitting = [pk for pk, key in known if _begins(key.split(), wanted)][:LOOKED_AT]
    found: list[User] = []
    for person in (
        User.objects.filter(pk__in=fitting).prefetch_related("roles").order_by("name_key")
    ):
        if may(person):
            found.append(person)
        if len(found) == OFFERED:
            break
    return found


def _begins(syllables: list[str], wanted: str) -> bool:
    """`li`, `liwei`, `lw` and `lwei` all begin 李伟 (li wei): each syllable may be cut short."""
    if not wanted:
        return True
    if not syllables:
        return False
    first = syllables[0]
    return any(
        first.startswith(wanted[:length])
        and (length == len(wanted) or _begins(syllables[1:], wanted[length:]))
        for length in range(1, min(len(first), len(wanted)) + 1)
    )


def mark_read(person: User, interaction_ids: list[int], at: datetime) -> int:
    """The person has seen these entries."""
    mine = Mention.objects.filter(person=person, interaction_id__in=interaction_ids)
    return int(mine.unread().update(read_at=at))
