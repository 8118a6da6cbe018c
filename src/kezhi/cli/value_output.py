"""What the commands of `kezhi value` have in common: results as files, tables or JSON, and refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kezhi.cli.launch.language import gettext as _

if TYPE_CHECKING:
    import pyarrow as pa


Command = Callable[..., Any]


def gives_rows(command: Command) -> Command:
    """The options of a command whose result are rows."""
    for option in reversed(
        (
            click.option(
                "-o",
                "--out",
                type=click.Path(path_type=Path),
                help=_("CSV or Parquet file to write."),
            ),
            click.option("--json", "as_json", is_flag=True, help=_("Print the rows as JSON.")),
        )
    ):
        command = option(command)
    return command


_UNITS = "kezhi.value.units"


def _note_units(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    ctx.meta[_UNITS] = wanted  # `hand_over` looks there, so that no command has to hand it through


tells_units = click.option(
    "--units",
    is_flag=True,
    expose_value=False,
    callback=_note_units,
    help=_("Print what each column is counted in, instead of the rows."),
)
"""For commands that hand over units."""


def refuse(file: Path, error: Exception) -> click.ClickException:
    said = str(error)
    return click.ClickException(said if said.startswith(str(file)) else f"{file}: {said}")


def write_table(table: pa.Table, out: Path) -> None:
    """As CSV or Parquet by the ending; the file is there whole or not at all."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    ending = out.suffix.lower()
    if ending not in (".csv", ".parquet", ".pq"):
        raise click.ClickException(
            _("%(file)s: write to a file that ends in .csv or .parquet") % {"file": out}
        )
    draft = out.with_name(f".{out.name}.part")
    try:
        if ending == ".csv":
            pacsv.write_csv(table, draft, pacsv.WriteOptions(quoting_style="needed"))
        else:
            pq.write_table(table, draft)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        said = _("%(file)s: can't be written: %(reason)s") % {"file": out, "reason": reason}
        raise click.ClickException(said) from error


def print_plain(plain: Any, as_json: bool) -> None:
    from kezhi.value.plain import to_plain

    plain = to_plain(plain)
    if as_json:
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for line in lines_of(plain):
        click.echo(line)


def lines_of(plain: dict[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, entry in plain.items():
        if isinstance(entry, dict):
            lines += [f"{indent}{key}", *lines_of(entry, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {shown(entry)}")
    return lines


def shown(entry: Any) -> str:
    if entry is None:
        return "-"
    if isinstance(entry, float):
        return f"{entry:.6g}"
    if isinstance(entry, list):
        return ", ".join(shown(one) for one in entry) or "-"
    return str(entry)


def hand_over(
    table: pa.Table,
    out: Path | None,
    as_json: bool,
    *,
    written: str | None = None,
    units: Mapping[str, str] | None = None,
) -> None:
    """Into the file, or printed; `written` says what was, with count and file. `units` stand in Parquet
    files, and are printed instead of the rows if asked for."""
    if units is not None:
        from kezhi.value.units import with_units

        context = click.get_current_context(silent=True)
        if context is not None and context.meta.get(_UNITS):
            _print_units(units, as_json)
            return
        table = with_units(table, units)
    if out is not None:
        write_table(table, out)
    if as_json:
        print_plain(table.to_pylist(), True)
    elif out is None:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        text = pa.BufferOutputStream()
        pacsv.write_csv(table, text, pacsv.WriteOptions(quoting_style="needed"))
        click.echo(text.getvalue().to_pybytes(), nl=False)
    else:
        said = written or _("%(count)s customers written to %(file)s")
        click.echo(said % {"count": table.num_rows, "file": out})


def _print_units(units: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        print_plain(dict(units), True)
        return
    click.echo("column,unit")
    for name, unit in units.items():
        click.echo(f'{name},"{unit}"' if "," in unit else f"{name},{unit}")


def duration(
    ctx: click.Context, param: click.Parameter, text: str
) -> float:  # in days; checked while the options are parsed
    from kezhi.value.durations import Duration

    try:
        days = Duration.parse(text).days
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not 0 < days < math.inf:
        raise click.BadParameter(_("%(text)s must be longer than nothing") % {"text": text})
    return days


# Options that several commands take in the same words.
takes_horizon = click.option(
    "--horizon",
    default="36m",
    show_default=True,
    callback=duration,
    help=_("How far to look ahead: 90d, 39w, 36m, 3y."),
)
takes_annual_rate = click.option(
    "--annual-rate",
    type=click.FloatRange(-1, min_open=True),
    default=0.10,
    show_default=True,
    help=_("Discount rate per year, as a fraction."),
)
takes_margin = click.option(
    "--margin",
    type=click.FloatRange(-1, 1),
    default=0.30,
    show_default=True,
    help=_("Gross margin as a share of the amount."),
)
takes_season = click.option(
    "--season",
    type=click.Choice(["month", "week"]),
    help=_("Count with the seasons of the year.  [default: no seasons]"),
)
