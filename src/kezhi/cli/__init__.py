"""The command `kezhi`.

Subcommands are imported when they are called, so that `kezhi --help` answers at once and
`kezhi value` works without Django.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click

from kezhi.cli.launch import language
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart


class Subcommand(NamedTuple):
    module: str
    name: str
    help: str


def _subcommands() -> dict[str, Subcommand]:
    serve = "kezhi.cli.serve"
    return {
        "demo": Subcommand(serve, "demo", _("Start the demo company: database, web and worker.")),
        "serve": Subcommand(serve, "serve", _("Start Kezhi for your own company.")),
        "value": Subcommand("kezhi.cli.value", "value", _("Customer value from a file of orders.")),
        "import": Subcommand(
            "kezhi.cli.dataio", "import_", _("Import customers, orders and more from files.")
        ),
        "audit": Subcommand(
            "kezhi.cli.audit", "audit", _("Seal the audit log, and check that nobody changed it.")
        ),
        "backup": Subcommand(
            "kezhi.cli.backup", "backup", _("Make encrypted backups, and see that they are whole.")
        ),
        "restore": Subcommand(
            "kezhi.cli.restore", "restore", _("Make a company out of a backup again.")
        ),
        "doctor": Subcommand(
            "kezhi.cli.doctor", "doctor", _("Look whether everything is well, and say what to do.")
        ),
        "mail": Subcommand("kezhi.cli.mail", "mail", _("Look after the files of mail.")),
        "api": Subcommand(
            "kezhi.cli.api", "api", _("What other programs need to work with Kezhi.")
        ),
        "search": Subcommand("kezhi.cli.search", "search", _("Look after what is searched.")),
        "mcp": Subcommand(
            "kezhi.cli.assistant",
            "mcp",
            _(
                "Serve an assistant over standard input and output (MCP), by the token in KEZHI_TOKEN."
            ),
        ),
        "web": Subcommand(serve, "web", _("Serve the web pages (DATABASE_URL).")),
        "worker": Subcommand(
            serve, "worker", _("Do the queued and scheduled work (DATABASE_URL).")
        ),
        "migrate": Subcommand(
            serve, "migrate", _("Bring the database up to date (DATABASE_MIGRATE_URL).")
        ),
        "prepare": Subcommand(
            serve, "prepare", _("Make the files that the web serves (KEZHI_DATA).")
        ),
    }


class LazyGroup(click.Group):
    """Loads a subcommand's module when the subcommand is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_subcommands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = _subcommands().get(cmd_name)
        if found is None:
            return None
        command = getattr(importlib.import_module(found.module), found.name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, sub.help) for name, sub in _subcommands().items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CannotStart as trouble:
            click.echo(_("Kezhi: %(reason)s") % {"reason": trouble}, err=True)
            ctx.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    is_eager=True,
    expose_value=False,
    callback=lambda _ctx, _option, chosen: language.use(chosen),
    help="中文 / English",
)
@click.version_option(package_name="kezhi", prog_name="Kezhi")
def main() -> None:
    """Kezhi 客值: what every customer is worth."""
