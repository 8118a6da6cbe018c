"""Checks of the database: its version, its migrations, its roles, its settings."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.operations.checking import Said, ask, bad, check, good, warning

OLDEST = 15
MIGHTY = ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files")
MOST_SKEW = 2.0
ARCHIVE_LATE = 300


@check("database", gettext_lazy("Database"))
def version(at: datetime) -> Said:
    number = int(ask("SHOW server_version_num")[0][0])
    told = _("PostgreSQL %(version)s") % {"version": ask("SHOW server_version")[0][0]}
    if number // 10_000 < OLDEST:
        return bad(told, _("Upgrade the server to PostgreSQL 15 or newer."), version=number)
    return good(told, version=number)


@check("migrations", gettext_lazy("Migrations"))
def migrations(at: datetime) -> Said:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        names = [f"{migration.app_label}.{migration.name}" for migration, _back in pending]
        return bad(
            _("%(count)s migrations are pending.") % {"count": len(pending)},
            _("Make a backup, then run: kezhi migrate"),
            pending=names,
        )
    return good(_("All migrations are applied."))


@check("roles", gettext_lazy("Rights of the database role"))
def roles(at: datetime) -> Said:
    user, is_super = ask(
        "SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = current_user"
    )[0]
    mighty = [
        name
        for (name,) in ask(
            "SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)"
            " AND pg_has_role(current_user, oid, 'MEMBER')",
            [list(MIGHTY)],
        )
    ]
    may_rewrite = ask("SELECT has_table_privilege(current_user, 'audit_entry', 'DELETE, UPDATE')")
    remedy = _(
        "Use a role of its own for DATABASE_URL (kezhi_app) that isn’t the owner of the tables, "
        "and run kezhi migrate with DATABASE_MIGRATE_URL."
    )
    if is_super or mighty:
        return bad(
            _("%(role)s may do anything on the server.") % {"role": user},
            remedy,
            role=user,
            through=mighty,
        )
    if may_rewrite[0][0]:
        return bad(_("%(role)s may rewrite the audit log.") % {"role": user}, remedy, role=user)
    return good(_("%(role)s may do what pages and jobs need, and no more.") % {"role": user})


@check("settings", gettext_lazy("Settings of the database"))
def durable(at: datetime) -> Said:
    known = dict(
        ask(
            "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit',"
            " 'full_page_writes', 'data_checksums', 'idle_in_transaction_session_timeout')"
        )
    )
    unsafe = [
        f"{name} = {known[name]}"
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if known.get(name) == "off"
    ]
    if unsafe:
        return bad(
            _("A crash may lose or spoil what was saved: %(settings)s.")
            % {"settings": ", ".join(unsafe)},
            _("Set them to on in postgresql.conf and start the server anew."),
            **known,
        )
    if known.get("data_checksums") != "on":
        return warning(
            _("Damaged pages of the disk would go unnoticed: data checksums are off."),
            _("Switch them on while the server is stopped: pg_checksums --enable"),
            **known,
        )
    return good(_("What is saved survives a crash, and damage is noticed."), **known)


@check("archive", gettext_lazy("Archive for a chosen moment"))
def archive(at: datetime) -> Said:
    """Archiving the log is the administrator's choice; once it is on, it must work."""
    if ask("SHOW archive_mode")[0][0] == "off":
        return good(
            _("Not switched on: what happened since the last backup can’t be brought back."),
            is_on=False,
        )
    last, failed, age = ask(
        "SELECT last_archived_time, last_failed_time,"
        " extract(epoch FROM now() - coalesce(last_archived_time, stats_reset)) FROM pg_stat_archiver"
    )[0]
    if (failed and (last is None or failed > last)) or (age or 0) > ARCHIVE_LATE:
        return bad(
            _("Nothing was archived for %(minutes)s minutes.") % {"minutes": int((age or 0) // 60)},
            _(
                "See why archive_command fails in the server’s log, and that archive_timeout is 60 s."
            ),
            seconds=float(age or 0),
        )
    return good(
        _("Archived %(seconds)s seconds ago.") % {"seconds": int(age or 0)}, seconds=float(age or 0)
    )


@check("clock", gettext_lazy("Clock"))
def clock(at: datetime) -> Said:
    theirs = ask("SELECT clock_timestamp()")[0][0]
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew > MOST_SKEW:
        return bad(
            _("This machine and the database differ by %(seconds).1f s.") % {"seconds": skew},
            _("Let both take their time from the same server (systemd-timesyncd, chrony)."),
            seconds=skew,
        )
    return good(_("This machine and the database agree."), seconds=round(skew, 3))


@check("secrets", gettext_lazy("Secret key and door"))
def secrets(at: datetime) -> Said:
    key = str(settings.SECRET_KEY)
    if len(key) < 32 or len(set(key)) < 10:
        return bad(
            _("The secret key is short or simple: it could be guessed."),
            _(
                "Take it out of KEZHI_SECRET_KEY and let kezhi serve make one, or set 50 random characters."
            ),
        )
    if settings.DEBUG:
        return bad(_("Faults are shown in full to anybody."), _("Take KEZHI_DEBUG away."))
    if settings.SETUP_TOKEN and ask("SELECT count(*) FROM accounts_company")[0][0]:
        return warning(
            _("The guided first run is over, and its token is still set."),
            _("Take KEZHI_SETUP_TOKEN away."),
        )
    if not settings.HTTPS:
        return warning(
            _("Pages are served without encryption, for this machine only."),
            _("Before others use it, put a web server with HTTPS in front and set KEZHI_HTTPS=1."),
        )
    return good(_("The key is long, and pages are for HTTPS only."))
