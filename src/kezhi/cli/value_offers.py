"""`kezhi value rules`, `offers`, `lookalikes`: what goes together, what to offer, who is alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_output import duration, gives_rows, hand_over, refuse

if TYPE_CHECKING:
    import pyarrow as pa


@click.command(
    help=_(
        "Association rules: who buys these also buys those.\n\n"
        "FILE has a row per order and product. p_value is Fisher's exact test, q_value allows for "
        "how many rules are tested at once."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--basket", required=True, metavar="O", help=_("Column of the basket: the order or customer.")
)
@click.option("--item", required=True, metavar="P", help=_("Column of the product."))
@click.option(
    "--support",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.01,
    show_default=True,
    help=_("Least share of the baskets."),
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help=_("Least share of those with the first who have the second."),
)
@click.option(
    "--lift", type=click.FloatRange(0), default=1.0, show_default=True, help=_("Least lift.")
)
@click.option(
    "--most-items",
    type=click.IntRange(2, 12),
    default=4,
    show_default=True,
    help=_("Most products in a set."),
)
@click.option(
    "--most-then",
    type=click.IntRange(1, 11),
    default=1,
    show_default=True,
    help=_("Most products in the second part."),
)
@click.option(
    "--false-discoveries",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help=_("Greatest q_value; 1 shows all."),
)
@gives_rows
def rules(
    file: Path,
    basket: str,
    item: str,
    support: float,
    confidence: float,
    lift: float,
    most_items: int,
    most_then: int,
    false_discoveries: float,
    out: Path | None,
    as_json: bool,
) -> None:
    from kezhi.value.offers.item_sets import Baskets, item_sets
    from kezhi.value.offers.rules import association_rules
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(file, [basket, item])
        baskets, (orders,) = codes_of(table.texts(basket))
        products, (items,) = codes_of(table.texts(item))
        sets = item_sets(
            Baskets(orders, items, len(baskets), len(products)),
            least_support=support,
            most_length=most_items,
        )
        found = association_rules(
            sets, least_confidence=confidence, least_lift=lift, longest_consequent=most_then
        )
    except ValueError as error:
        raise refuse(file, error) from error
    kept = found.q_value <= false_discoveries
    said = _("note: %(kept)s of %(tested)s rules tested are shown; %(baskets)s baskets")
    click.echo(
        said % {"kept": int(kept.sum()), "tested": found.tested, "baskets": len(baskets)}, err=True
    )
    hand_over(
        _rules_table(found, kept, products),
        out,
        as_json,
        written=_("%(count)s rules written to %(file)s"),
    )


def _rules_table(found: Any, kept: Any, products: pa.Array) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    names = products.to_pylist()

    def joined(rows: Any) -> pa.Array:
        return pa.array(
            [" + ".join(sorted(names[k] for k in row if k >= 0)) for row in rows[kept].tolist()],
            pa.string(),
        )

    conviction = found.conviction[kept]
    return pa.table(
        {
            "if": joined(found.antecedents),
            "then": joined(found.consequents),
            "baskets": pa.array(found.count[kept]),
            "support": pa.array(found.support[kept]),
            "confidence": pa.array(found.confidence[kept]),
            "lift": pa.array(found.lift[kept]),
            "leverage": pa.array(found.leverage[kept]),
            "conviction": pa.array(conviction, mask=~np.isfinite(conviction)),
            "p_value": pa.array(found.p_value[kept]),
            "q_value": pa.array(found.q_value[kept]),
        }
    )


@click.command(
    help=_(
        "The next best products of each customer, with probability, expected money and reason.\n\n"
        "FILE has a row per customer, product and date; --contribution names what a row brought."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--item", required=True, metavar="P", help=_("Column of the product."))
@click.option("--date", "date_", required=True, metavar="D", help=_("Column of the date."))
@click.option(
    "--contribution", required=True, metavar="A", help=_("Column of the contribution in money.")
)
@click.option(
    "--window",
    default="6m",
    show_default=True,
    callback=duration,
    help=_("Within which time the offer should be taken up."),
)
@click.option(
    "--most",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help=_("Most offers for a customer."),
)
@click.option(
    "--excluded",
    type=click.Choice(["bought", "regularly", "none"]),
    default="bought",
    show_default=True,
    help=_("Products that aren't offered: ever bought, bought regularly, or none."),
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Last day that counts.  [default: the last one in the file]"),
)
@gives_rows
def offers(
    file: Path,
    customer: str,
    item: str,
    date_: str,
    contribution: str,
    window: float,
    most: int,
    excluded: str,
    until: Any,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.offers.affinity import Purchased
    from kezhi.value.offers.next_best import OfferSettings, next_best
    from kezhi.value.reading import EPOCH
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(file, [customer, item, date_, contribution])
        who, (customers,) = codes_of(table.texts(customer))
        what, (items,) = codes_of(table.texts(item))
        days = table.days(date_).astype("int32")
        as_of = int(days.max(initial=0)) if until is None else (until.date() - EPOCH).days
        bought = Purchased(customers, items, days, table.amounts(contribution), len(who), len(what))
        found = next_best(
            bought,
            as_of=as_of,
            settings=OfferSettings(
                window_days=round(window),
                offers=most,
                excluded=excluded,  # type: ignore[arg-type]
            ),
        )
    except ValueError as error:
        raise refuse(file, error) from error
    if found.note:
        said = _("note: each product's own rate stands for the probability: %(reason)s")
        click.echo(said % {"reason": found.note}, err=True)
    hand_over(
        pa.table(
            {
                "customer": who.take(pa.array(found.customers)),
                "product": what.take(pa.array(found.items)),
                "probability": pa.array(found.probability),
                "contribution": pa.array(found.contribution),
                "expected": pa.array(found.expected),
                "because_of": what.take(pa.array(found.because)),
                "lift": pa.array(found.lift),
                "together": pa.array(found.together),
            }
        ),
        out,
        as_json,
        written=_("%(count)s offers written to %(file)s"),
    )


@click.command(
    help=_(
        "Who resembles the best customers, and in what.\n\n"
        "FILE has a row per customer. --best names a column of 1 and 0; features are columns of "
        "numbers, blanks are not known."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--best", required=True, metavar="B", help=_("Column that marks the best with 1."))
@click.option(
    "--feature",
    "features",
    required=True,
    multiple=True,
    metavar="F",
    help=_("Column of a feature; give several times."),
)
@gives_rows
def lookalikes(
    file: Path,
    customer: str,
    best: str,
    features: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.offers.look_alikes import look_alikes
    from kezhi.value.tables import FileTable

    try:
        table = FileTable.read(file, [customer, best, *features])
        found = look_alikes(
            np.column_stack([table.amounts_or_unknown(name) for name in features]),
            np.nan_to_num(table.amounts_or_unknown(best)) > 0,
            features,
        )
        names = table.texts(customer)
    except ValueError as error:
        raise refuse(file, error) from error
    reasons = [
        "; ".join(f"{name} {part:.3g}" for name, part in found.named_reasons(k))
        for k in found.order.tolist()
    ]
    order = pa.array(found.order)
    hand_over(
        pa.table(
            {
                "customer": names.take(order),
                "similarity": pa.array(found.similarity[found.order]),
                "because": pa.array(reasons, pa.string()),
            }
        ),
        out,
        as_json,
    )


@click.command(
    help=_(
        "What is bought after what: first purchases within a window after those of a product.\n\n"
        "FILE has a row per customer, product and date. share is of those who were watched for the "
        "whole window."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--customer", required=True, metavar="C", help=_("Column of the customer."))
@click.option("--item", required=True, metavar="P", help=_("Column of the product."))
@click.option("--date", "date_", required=True, metavar="D", help=_("Column of the date."))
@click.option(
    "--window",
    default="6m",
    show_default=True,
    callback=duration,
    help=_("How soon after it the other is bought."),
)
@click.option(
    "--least",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help=_("Least number of customers who did so."),
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("Last day that counts.  [default: the last one in the file]"),
)
@gives_rows
def sequences(
    file: Path,
    customer: str,
    item: str,
    date_: str,
    window: float,
    least: int,
    until: Any,
    out: Path | None,
    as_json: bool,
) -> None:
    import numpy as np
    import pyarrow as pa

    from kezhi.value.offers.affinity import Purchased
    from kezhi.value.offers.affinity import sequences as follow
    from kezhi.value.reading import EPOCH
    from kezhi.value.tables import FileTable, codes_of

    try:
        table = FileTable.read(file, [customer, item, date_])
        who, (customers,) = codes_of(table.texts(customer))
        what, (items,) = codes_of(table.texts(item))
        days = table.days(date_).astype("int32")
    except ValueError as error:
        raise refuse(file, error) from error
    as_of = int(days.max(initial=0)) if until is None else (until.date() - EPOCH).days
    bought = Purchased(customers, items, days, np.zeros(len(days)), len(who), len(what))
    found = follow(bought, window_days=round(window), as_of=as_of, least=least)
    hand_over(
        pa.table(
            {
                "after": what.take(pa.array(found.items)),
                "bought": what.take(pa.array(found.others)),
                "customers": pa.array(found.followed),
                "watched": pa.array(found.began),
                "share": pa.array(found.share),
                "lift": pa.array(found.lift),
            }
        ),
        out,
        as_json,
        written=_("%(count)s rows written to %(file)s"),
    )
