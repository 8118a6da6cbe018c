"""`kezhi value index`: scores, tiers and sensitivity of a table by an index tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.value_answers import plan_of
from kezhi.cli.value_output import hand_over, print_plain, refuse

if TYPE_CHECKING:
    from kezhi.value.index.tree import FrozenTree


@click.command(
    help=_(
        "Score and tier of every row of a table by an index tree, with the points of each index.\n\n"
        "--tree publishes a tree with today's bounds, weights and ideals; --publish keeps it. "
        "--published scores by one that was kept, so that scores don't change because others joined."
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="N", help=_("Column that names the row."))
@click.option("--tree", type=click.Path(path_type=Path), help=_("JSON: the index tree."))
@click.option(
    "--published", type=click.Path(path_type=Path), help=_("JSON that --publish has written.")
)
@click.option(
    "--publish", type=click.Path(path_type=Path), help=_("JSON file for the published tree.")
)
@click.option(
    "--tiers", type=click.Path(path_type=Path), help=_("JSON: tiers.  [default: S 1 %, A, B, C, D]")
)
@click.option(
    "--sensitivity",
    is_flag=True,
    help=_("Print what --change of each weight does to the tiers, instead of the scores."),
)
@click.option(
    "--change",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.10,
    show_default=True,
    help=_("By what share of itself a weight moves."),
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help=_("CSV or Parquet file to write.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print the result as JSON."))
def index(
    file: Path,
    name: str,
    tree: Path | None,
    published: Path | None,
    publish: Path | None,
    tiers: Path | None,
    sensitivity: bool,
    change: float,
    out: Path | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from kezhi.value.tables import FileTable
    from kezhi.value.tiers import TierSettings, assign_tiers

    if (tree is None) == (published is None):
        raise click.UsageError(_("give either --tree or --published"))
    settings = TierSettings() if tiers is None else plan_of(tiers, TierSettings)
    frozen, measures = _frozen(file, tree, published)
    if publish is not None:
        _keep(frozen, publish)
    leaves = frozen.normalise(measures)
    try:
        names = FileTable.read(file, [name]).texts(name).to_pylist()
    except ValueError as error:
        raise refuse(file, error) from error
    if sensitivity:
        print_plain(_moved(frozen, leaves, names, settings, change), as_json)
        return
    why = frozen.explain(leaves)
    found = assign_tiers(why.score, settings)
    columns: dict[str, Any] = {
        name: names,
        "score": pa.array(why.score, from_pandas=True),
        "tier": [settings.names[k] if k >= 0 else None for k in found.tier],
    }
    for place, leaf in enumerate(why.leaf_names):
        columns[f"{leaf}_points"] = why.parts[:, place]
    columns["shift"] = pa.array(why.shift, from_pandas=True)
    hand_over(pa.table(columns), out, as_json, written=_("%(count)s rows written to %(file)s"))


def _frozen(file: Path, tree: Path | None, published: Path | None) -> tuple[FrozenTree, Any]:
    from kezhi.value.index.tree import FrozenTree, IndexTree, freeze
    from kezhi.value.tables import FileTable

    held: FrozenTree | None = None if published is None else plan_of(published, FrozenTree)
    plan: IndexTree = held.tree if held is not None else plan_of(tree, IndexTree)  # type: ignore[arg-type]
    try:
        table = FileTable.read(file, [leaf.measure for leaf in plan.leaves()])
        measures = {leaf.measure: table.amounts_or_unknown(leaf.measure) for leaf in plan.leaves()}
        return held or freeze(plan, measures), measures
    except ValueError as error:
        raise refuse(file, error) from error


def _keep(tree: FrozenTree, out: Path) -> None:
    from kezhi.value.plain import to_plain

    try:
        out.write_text(json.dumps(to_plain(tree), ensure_ascii=False, indent=2), encoding="utf-8")
    except OSError as error:
        said = _("%(file)s: can't be written: %(reason)s")
        reason = error.strerror or str(error)
        raise click.ClickException(said % {"file": out, "reason": reason}) from error


def _moved(
    tree: FrozenTree, leaves: Any, names: list[str], settings: Any, change: float
) -> dict[str, Any]:
    from kezhi.value.index.sensitivity import least_change, tornado

    found = {}
    for less, more in tornado(tree, leaves, change=change, tiers=settings):
        least = least_change(tree, leaves, less.path, tiers=settings)
        found[f"{less.path} {less.name}"] = {
            "weight": less.weight,
            "movers_if_less": [names[k] for k in less.movers],
            "movers_if_more": [names[k] for k in more.movers],
            "least_change": least.smallest,
        }
    return found
