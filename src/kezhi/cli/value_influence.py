"""`kezhi value network`, `referrals`, `information`: what customers bring through others."""

from __future__ import annotations

from pathlib import Path

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import duration, gives_rows, hand_over, refuse, takes_annual_rate


@click.command(
    help=_(
        "The place of customers in a network: personalised PageRank of relations in a file.\n\n"
        "RELATIONS has a row per relation, from the customer who is influenced to the one who "
        "influences. --amount distributes an amount by it, to the cent; nothing is created."
    )
)
@click.argument("relations", type=click.Path(path_type=Path))
@click.option("--from", "from_", required=True, metavar="C", help=_("Column of the influenced."))
@click.option("--to", "to", required=True, metavar="C", help=_("Column of who influences."))
@click.option("--weight", metavar="W", help=_("Column of the weight of a relation."))
@click.option(
    "--damping",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.85,
    show_default=True,
    help=_("Share that is passed on along relations."),
)
@click.option("--amount", type=float, help=_("Amount to distribute."))
@gives_rows
def network(
    relations: Path,
    from_: str,
    to: str,
    weight: str | None,
    damping: float,
    amount: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.influence.network import network_share, personalised_pagerank
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(relations, [from_, to, weight])
        ids, (sources, targets) = codes_of(table.texts(from_), table.texts(to))
        found = personalised_pagerank(
            sources,
            targets,
            customers=len(ids),
            weights=None if weight is None else table.amounts(weight),
            damping=damping,
        )
        columns = {
            "customer": ids,
            "score": pa.array(found.scores),
            "influenced": pa.array(np.bincount(targets, minlength=len(ids))),
        }
        if amount is not None and len(ids):
            columns["share"] = pa.array(network_share(found.scores, amount))
    except ValueError as error:
        raise refuse(relations, error) from error
    order = np.argsort(-found.scores, kind="stable")
    hand_over(pa.table(columns).take(pa.array(order)), out, as_json)


@click.command(
    help=_(
        "What customers bring by recommending: referral value with generations.\n\n"
        "REFERRALS has a row per referral; --contributions names a file of dated contributions "
        "(margin after cost to serve) of the referred. The columns received and given are a "
        "transfer between customers: own value + received − given keeps the total."
    )
)
@click.argument("referrals_file", metavar="REFERRALS", type=click.Path(path_type=Path))
@click.option("--referrer", required=True, metavar="C", help=_("Column of who recommended."))
@click.option("--referred", required=True, metavar="C", help=_("Column of who came."))
@click.option("--date", "date_", required=True, metavar="D", help=_("Column of the date."))
@click.option("--weight", metavar="W", help=_("Column by which several referrers share."))
@click.option(
    "--contributions",
    required=True,
    type=click.Path(path_type=Path),
    help=_("File of dated contributions."),
)
@click.option("--customer", required=True, metavar="C", help=_("Its column of the customer."))
@click.option("--day", required=True, metavar="D", help=_("Its column of the date."))
@click.option("--amount", required=True, metavar="A", help=_("Its column of the amount."))
@click.option(
    "--window",
    default="12m",
    show_default=True,
    callback=duration,
    help=_("How long after the referral contributions count."),
)
@takes_annual_rate
@click.option(
    "--share-anyway",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help=_("Share of the referred who would have come anyway."),
)
@click.option(
    "--saved-acquisition",
    type=float,
    default=0.0,
    show_default=True,
    help=_("Acquisition cost that a referral saves."),
)
@click.option(
    "--reward", type=float, default=0.0, show_default=True, help=_("Reward paid for a referral.")
)
@click.option(
    "--decay",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.5,
    show_default=True,
    help=_("λ: generation g has (1 − λ)·λ^(g−1)."),
)
@gives_rows
def referrals(
    referrals_file: Path,
    referrer: str,
    referred: str,
    date_: str,
    weight: str | None,
    contributions: Path,
    customer: str,
    day: str,
    amount: str,
    window: float,
    annual_rate: float,
    share_anyway: float,
    saved_acquisition: float,
    reward: float,
    decay: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.durations import DAYS
    from kezhi.value.influence.referral import Referrals, ReferralSettings, referral_value
    from kezhi.value.realised import Lines
    from kezhi.value.tables import FileTable, codes_of

    settings = ReferralSettings(
        window_months=window / DAYS["month"],
        annual_rate=annual_rate,
        share_anyway=share_anyway,
        saved_acquisition=saved_acquisition,
        reward=reward,
        generation_decay=decay,
    )
    try:
        rows = FileTable.read(referrals_file, [referrer, referred, date_, weight])
        money = FileTable.read(contributions, [customer, day, amount])
        ids, (elder, younger, buyers) = codes_of(
            rows.texts(referrer), rows.texts(referred), money.texts(customer)
        )
        found = referral_value(
            Referrals(
                elder,
                younger,
                rows.days(date_).astype("int32"),
                None if weight is None else rows.amounts(weight),
            ),
            Lines(buyers, money.days(day).astype("int32"), money.amounts(amount)),
            customers=len(ids),
            settings=settings,
        )
    except ValueError as error:
        raise refuse(referrals_file, error) from error
    names = ids.to_pylist()
    reasons = {
        "circle": _("it closes a circle"),
        "oneself": _("it names one customer twice"),
        "twice": _("it stands there twice"),
    }
    for one in found.left_out[:20]:
        said = _("note: %(referrer)s → %(referred)s is left out: %(reason)s")
        click.echo(
            said
            % {
                "referrer": names[one.referrer],
                "referred": names[one.referred],
                "reason": reasons[one.reason],
            },
            err=True,
        )
    if len(found.left_out) > 20:
        said = _("note: %(count)s more referrals are left out")
        click.echo(said % {"count": len(found.left_out) - 20}, err=True)
    if found.several:
        said = _("note: %(count)s customers had several referrers, who share them")
        click.echo(said % {"count": found.several}, err=True)
    hand_over(
        pa.table(
            {
                "customer": ids,
                "referred_count": pa.array(found.referred_count),
                "generation": pa.array(found.generations),
                "direct": pa.array(found.direct),
                "received": pa.array(found.received),
                "given": pa.array(found.given),
                "worth_when_referred": pa.array(found.of_referred),
            }
        ),
        out,
        as_json,
    )


@click.command(
    help=_(
        "What customers tell, in points and money: information value, an estimate.\n\n"
        "FILE has a row per contribution (an idea, a test report, a case study); POINTS has the "
        "columns kind and points."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--kind", required=True, metavar="K", help=_("Column of the kind."))
@click.option("--quantity", metavar="Q", help=_("Column of how many there were."))
@click.option(
    "--points",
    required=True,
    type=click.Path(path_type=Path),
    help=_("File with the columns kind and points."),
)
@click.option("--rate", required=True, type=float, help=_("Money for a point."))
@gives_rows
def information(
    file: Path,
    customer: str,
    kind: str,
    quantity: str | None,
    points: Path,
    rate: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.influence.information import information_value
    from kezhi.value.tables import FileTable, codes_of

    try:
        scale = FileTable.read(points, ["kind", "points"])
        known = dict(
            zip(scale.texts("kind").to_pylist(), scale.amounts("points").tolist(), strict=True)
        )
    except ValueError as error:
        raise refuse(points, error) from error
    try:
        table = FileTable.read(file, [customer, kind, quantity])
        ids, (codes,) = codes_of(table.texts(customer))
        found = information_value(
            codes,
            table.texts(kind).to_pylist(),
            points=known,
            rate=rate,
            customers=len(ids),
            quantities=None if quantity is None else table.amounts(quantity),
        )
    except ValueError as error:
        raise refuse(file, error) from error
    for name, count in found.unknown.items():
        said = _("note: %(count)s contributions of kind %(kind)s have no points and are left out")
        click.echo(said % {"count": count, "kind": name}, err=True)
    hand_over(
        pa.table(
            {
                "customer": ids,
                "points": pa.array(found.points),
                "information_value": pa.array(found.value),
                "is_estimate": pa.array([found.is_estimate] * len(ids), pa.bool_()),
            }
        ),
        out,
        as_json,
    )
