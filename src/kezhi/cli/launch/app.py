"""The Django application in this process: set up late, because commands that don't need it are quick."""

from __future__ import annotations

import os

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart


def set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")
    import django

    django.setup()


def refuse_pending_migrations() -> None:
    """Code and database belong together: CannotStart if the database is behind."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        raise CannotStart(
            _("The database is not up to date (%(count)s migrations): run kezhi migrate first.")
            % {"count": len(pending)}
        )


def close_connections() -> None:
    """Give every connection back, so that processes forked from here open their own."""
    from django.db import connection

    connection.close()
    getattr(connection, "close_pool", lambda: None)()
