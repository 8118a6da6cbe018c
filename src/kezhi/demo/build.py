"""Put the demo company into an empty installation: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import connection, transaction
from django.utils.translation import gettext as _

from kezhi.accounts.arranging import create_department, create_team
from kezhi.accounts.models import Company, Department, Team, User
from kezhi.accounts.organising import create_person
from kezhi.accounts.setting_up import found_company
from kezhi.core.actor import SYSTEM
from kezhi.demo.arranging import arrange
from kezhi.demo.asking import open_the_doors
from kezhi.demo.caring import care
from kezhi.demo.complaining import complain
from kezhi.demo.connecting import hand_out_tokens
from kezhi.demo.consenting import ask_for_consent
from kezhi.demo.customizing import customize
from kezhi.demo.doubling import double, review
from kezhi.demo.experiencing import look_back
from kezhi.demo.explaining import explain
from kezhi.demo.indexing import agree_on_indices, draft_next_year
from kezhi.demo.influencing import tell_influence
from kezhi.demo.keeping import judge_losses, price_serving, tell_losses
from kezhi.demo.knowing import know
from kezhi.demo.living import live, split
from kezhi.demo.loading import fill, import_files
from kezhi.demo.offering import find_offers
from kezhi.demo.people import COMPANY, HEAD, OWNER, PASSWORD, PEOPLE, SIGN_INS, TEAMS
from kezhi.demo.placing import draw_matrix
from kezhi.demo.questioning import ask_customers
from kezhi.demo.reporting import keep_reports
from kezhi.demo.ruling import rule_measuring
from kezhi.demo.segmenting import make_segments
from kezhi.demo.surveying import study, survey
from kezhi.demo.talking import ZONE
from kezhi.demo.telling import connect_systems
from kezhi.demo.ticketing import serve_tickets
from kezhi.demo.tiering import promise_tiers
from kezhi.demo.timing import agree_on_service, ask_each_other
from kezhi.demo.welcoming import open_the_portal
from kezhi.demo.world import SEED, SIZE, World, imagine_world
from kezhi.demo.writing import correspond
from kezhi.insight.measuring import begin_value_run, run_value

BACKFILL_MONTHS = 14
Say = Callable[[str], object]


@dataclass(frozen=True)
class DemoCompany:
    """`is_new` is False when the installation had a company already and nothing was done."""

    is_new: bool
    sign_ins: tuple[tuple[str, str, str], ...]


def build_demo(
    *, today: date, progress: Say = lambda text: None, seed: int = SEED, size: int = SIZE
) -> DemoCompany:
    """The company as of `today`, the same for the same seed and day.

    One transaction: interrupted, it leaves an empty installation. Does nothing where a company is.
    """
    with transaction.atomic():
        if Company.current() is not None:
            return DemoCompany(False, SIGN_INS)
        progress(_("imagining customers and orders"))
        world = imagine_world(today=today, seed=seed, size=size)
        owner = _found()
        agree_on_service(owner, today=today)
        _fill(world, owner, progress)
        draw_matrix(owner, today=today)
        rule_measuring(owner, today=today)
        tell_influence(owner, today=today)
        judge_losses(owner, today=today)
        price_serving(owner, today=today)
        survey(world, owner)
        agree_on_indices(owner, today=today)
        _measure(world, owner, progress)
        draft_next_year(owner, today=today)
        find_offers(today=today)
        tell_losses(owner, today=today)
        promise_tiers(owner, today=today)
        review(world)
        arrange(world, owner)
        progress(_("fields of the company's own"))
        customize(owner, today=today, seed=seed)
        progress(_("segments of customers"))
        make_segments(today=today)
        keep_reports(at=datetime.combine(today, time(8, 30), ZONE))
        connect_systems(owner, at=datetime.combine(today, time(8, 30), ZONE))
        hand_out_tokens(owner, at=datetime.combine(today, time(8, 30), ZONE))
        correspond(today)
        ask_for_consent(owner, today=today)
        serve_tickets(owner, today=today)
        complain(owner, today=today)
        ask_customers(owner, today=today)
        open_the_doors(owner, today=today)
        care(owner, today=today)
        open_the_portal(owner, today=today)
        ask_each_other(owner, today=today)
        explain(owner, today=today)
        look_back(owner, today=today)
    return DemoCompany(True, SIGN_INS)


def _found() -> User:
    owner = found_company(
        {
            "name": COMPANY,
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "language": "zh-hans",
            "is_demo": True,
        },
        {"login": OWNER.login, "name": OWNER.name, "password": PASSWORD, "title": OWNER.title},
        actor=SYSTEM,
    )
    head = Department.objects.get(parent=None)
    departments = {HEAD: head}
    teams: dict[str, Team] = {}
    for team, department in TEAMS.items():
        if department not in departments:
            departments[department] = create_department(department, head, actor=owner)
        teams[team] = create_team(team, departments[department], actor=owner)
    for person in PEOPLE:
        if person is OWNER:
            continue
        create_person(
            {
                "login": person.login,
                "name": person.name,
                "title": person.title,
                "roles": [person.role],
                "password": PASSWORD,
                "language": person.language,
                "department": departments[person.department],
                "team": teams.get(person.team),
            },
            actor=owner,
        )
    return owner


def _fill(world: World, owner: User, progress: Say) -> None:
    today = world.story.today
    at = datetime.combine(today, time(7, 30), ZONE)
    progress(_("importing %(count)d customers") % {"count": len(world.customers)})
    import_files(world, owner, on=today, at=at)
    _learn()
    deeds = split(world)
    progress(_("what was said and planned"))
    places = fill(world, deeds.older_talk, deeds.older_follow_ups, actor=SYSTEM, on=today)
    progress(_("what people did"))
    live(world, deeds, places)
    progress(_("what is known of the parties"))
    know(world, places)
    double(world)


def _learn() -> None:
    """The planner's statistics: nothing has looked at rows that came in within one transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE customers_customer, customers_contact, customers_interaction, customers_followup,"
            " ledger_order, ledger_orderline, ledger_costentry, catalog_product"
        )


def _measure(world: World, owner: User, progress: Say) -> None:
    _learn()
    run = begin_value_run(actor=owner, on=world.story.today, backfill_months=BACKFILL_MONTHS)

    def tell(done: int, total: int, message: str = "") -> None:
        progress(message)

    run_value(run.pk, tell)
    progress(_("what the answers of customers say"))
    study(world, owner)
