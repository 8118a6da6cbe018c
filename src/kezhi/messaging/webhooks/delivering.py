"""Messages go out: each receiver on its own, in order, and again until it says that it has them.

One process at a time delivers. Its thread speaks to the database; others wait for the receivers, one thread
each, so that a slow receiver holds up nobody else. What was under way when a process was killed goes out
again: a receiver may get a message twice and knows it by its id, and never gets one too few.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, OuterRef
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from kezhi.accounts.models import Company
from kezhi.core import outbound
from kezhi.core.outbound import Unreachable
from kezhi.messaging.models import Delivery, Webhook
from kezhi.messaging.webhooks import keeping, messages, signing

logger = logging.getLogger(__name__)

WITHIN_SECONDS = 20
AT_ONCE = 64  # receivers
IDLE_SECONDS = 1.0
BUSY_SECONDS = 0.25
LOCK = 7_302_115  # an advisory lock of the database
KEPT_LETTERS = 500
KEPT_TRIES = 10
# How long a message waits after its first, second … failure, and after how many attempts it is given up, if
# the receiver takes others: about six days.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
)
MOST_ATTEMPTS = len(WAITS) + 4
# How long a receiver that takes nothing is left alone after failures in a row, whichever messages they were.
HOLDS = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 30, 120, 600, 1800, 3600))
OUTAGE = timedelta(minutes=10)  # after a longer one, what failed meanwhile begins anew at once
GIVEN_UP_AFTER = timedelta(days=3)
GONE = 410


@dataclass(frozen=True)
class Reply:
    """What a receiver said; status 0: nothing."""

    status: int
    text: str
    milliseconds: int

    @property
    def is_received(self) -> bool:
        return 200 <= self.status < 300


Send = Callable[[str, dict[str, str], bytes], Reply]
Fields = Callable[[], AbstractContextManager[None]]


def send(url: str, headers: dict[str, str], body: bytes) -> Reply:
    """One attempt. Whether a port is closed, filtered or forbidden to us isn't told, nor how long it took."""
    begun = time.monotonic()
    try:
        answer = outbound.fetch(url, data=body, headers=headers, within=WITHIN_SECONDS)
    except Unreachable:
        return Reply(0, "", 0)
    text = answer.body[: 4 * KEPT_LETTERS].decode("utf-8", "replace").replace("\0", "")
    return Reply(answer.status, text[:KEPT_LETTERS], int((time.monotonic() - begun) * 1000))


class Dispatcher:
    """Begins what is due and notes what became of it; `clock`, `pool` and `send` are changed in tests.

    Within `fields()` the kinds have the company's own fields, as they are at that moment.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = timezone.now,
        pool: Executor | None = None,
        send: Send = send,
        fields: Fields = nullcontext,
    ) -> None:
        self.clock, self.send, self.fields = clock, send, fields
        self.pool = pool or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self.under_way: dict[Future[Reply], tuple[int, int]] = {}  # webhook and delivery

    def step(self) -> int:
        """Note what ended and begin what may begin; how many messages were begun."""
        self._settle()
        begun = 0
        for webhook in self._ready():
            begun += self._begin(webhook)
        return begun

    def work_until(self, stopped: threading.Event) -> None:
        """Without pause while there is work, and once a second a look otherwise."""
        while not stopped.is_set():
            self.step()
            if self.under_way:
                wait(self.under_way, timeout=BUSY_SECONDS, return_when=FIRST_COMPLETED)
            else:
                stopped.wait(IDLE_SECONDS)
        wait(self.under_way, timeout=WITHIN_SECONDS)
        self._settle()

    def _ready(self) -> list[Webhook]:
        """Those with something due to which nothing is under way."""
        at = self.clock()
        busy = {webhook for webhook, _delivery in self.under_way.values()}
        due = Delivery.objects.waiting().filter(webhook=OuterRef("pk"), next_at__lte=at)
        rows = Webhook.objects.ready(at).exclude(pk__in=busy).filter(Exists(due))
        room = AT_ONCE - len(self.under_way)
        return list(
            rows.select_related(
                "integration__owner__team", "integration__owner__department"
            ).order_by(F("delivered_at").asc(nulls_first=True), "pk")[:room]
        )

    def _begin(self, webhook: Webhook) -> int:
        at = self.clock()
        delivery = Delivery.objects.filter(webhook=webhook).due(at).first()
        if delivery is None:
            return 0
        if not webhook.integration.is_in_use(on=_day(at)):
            keeping.stop(webhook, Webhook.Pause.NOT_IN_USE, at=at)
            return 0
        actor = messages.acting_for(webhook.integration)
        try:
            with self.fields():
                body = messages.message(webhook, delivery, actor)
        except messages.Withheld:
            _end(delivery, Delivery.State.WITHHELD, at)
            return 1
        except DatabaseError:
            raise
        except Exception:
            # A fault of ours with one message must not hold up the others.
            logger.exception("A message couldn't be made: %s", delivery)
            note_reply(webhook.pk, delivery.pk, Reply(0, "", 0), at=at)
            return 1
        text = messages.as_text(body)
        headers = signing.headers(webhook, messages.message_id(delivery), text, at=at)
        kept = messages.as_text(messages.without_entries(body))
        Delivery.objects.filter(pk=delivery.pk).update(request=kept)
        future = self.pool.submit(self.send, webhook.url, headers, text.encode())
        self.under_way[future] = (webhook.pk, delivery.pk)
        return 1

    def _settle(self) -> None:
        for future in [each for each in self.under_way if each.done()]:
            webhook_id, delivery_id = self.under_way.pop(future)
            note_reply(webhook_id, delivery_id, future.result(), at=self.clock())


@transaction.atomic
def note_reply(webhook_id: int, delivery_id: int, reply: Reply, *, at: datetime) -> None:
    """What becomes of the message, and of the receiver, after an attempt."""
    webhook = Webhook.objects.select_for_update().filter(pk=webhook_id).first()
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if webhook is None or delivery is None:
        return  # removed while the receiver thought about it
    delivery.attempts += 1
    tried = {"at": at.isoformat(), "status": reply.status, "ms": reply.milliseconds}
    delivery.tries = [*delivery.tries, tried][-KEPT_TRIES:]
    delivery.response = reply.text
    if reply.is_received:
        _arrived(webhook, delivery, at)
    else:
        _failed(webhook, delivery, reply, at)


def _arrived(webhook: Webhook, delivery: Delivery, at: datetime) -> None:
    delivery.state, delivery.ended_at = Delivery.State.DELIVERED, at
    delivery.save()
    since, was_down = webhook.failing_since, webhook.hold_until is not None
    webhook.failures, webhook.failing_since, webhook.hold_until = 0, None, None
    webhook.delivered_at = at
    webhook.save(update_fields=["failures", "failing_since", "hold_until", "delivered_at"])
    if since is not None and was_down and at - since > OUTAGE:
        webhook.deliveries.waiting().filter(attempts__gt=0).update(next_at=at, attempts=0)


def _failed(webhook: Webhook, delivery: Delivery, reply: Reply, at: datetime) -> None:
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or at
    webhook.hold_until = None
    delivery.next_at = at + shaken(WAITS[min(delivery.attempts, len(WAITS)) - 1])
    failed_too = webhook.deliveries.waiting().filter(attempts__gt=0).exclude(pk=delivery.pk)
    if failed_too.exists():  # not this message: the receiver
        webhook.hold_until = at + shaken(HOLDS[min(webhook.failures, len(HOLDS)) - 1])
        delivery.next_at = webhook.hold_until
    takes_others = webhook.delivered_at is not None and webhook.delivered_at > delivery.happened_at
    if delivery.attempts >= MOST_ATTEMPTS and takes_others:
        delivery.state, delivery.ended_at = Delivery.State.FAILED, at
    delivery.save()
    webhook.save(update_fields=["failures", "failing_since", "hold_until"])
    if reply.status == GONE:
        keeping.stop(webhook, Webhook.Pause.GONE, at=at)
    elif at - webhook.failing_since >= GIVEN_UP_AFTER:
        keeping.stop(webhook, Webhook.Pause.NO_ANSWER, at=at)


def shaken(delay: timedelta) -> timedelta:
    """A fifth more or less: those that failed together don't all come back together."""
    return delay * random.uniform(0.8, 1.2)  # noqa: S311


def _day(at: datetime) -> date:
    company = Company.current()
    return at.astimezone(company.zone).date() if company is not None else at.date()


def _end(delivery: Delivery, state: Delivery.State, at: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(state=state, ended_at=at)


# ---- in the worker ----


def deliver(stopped: threading.Event, fields: Fields) -> None:
    """For the life of a worker. Another worker that delivers already is left alone; this one stands by."""
    while not stopped.is_set():
        try:
            with _alone() as is_ours:
                if is_ours:
                    Dispatcher(fields=fields).work_until(stopped)
        except (OperationalError, InterfaceError):
            logger.warning("The database doesn't answer; trying again.")
        except Exception:
            logger.exception("Delivering webhooks ended unexpectedly; beginning anew.")
        finally:
            connection.close()
        stopped.wait(IDLE_SECONDS)


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_ours = bool(cursor.fetchone()[0])
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
