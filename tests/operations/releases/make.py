"""Writes the dump of a small company as the code at hand makes it: what an upgrade has to cope with.

Run once for each release, with that release's code, and keep the file beside this one:

    PYTHONPATH=OLD/src:OLD/tests python tests/operations/releases/make.py tests/operations/releases/NAME.dump

Sixty customers, their orders and costs, two sellers and an owner; contacts, follow-ups, an audit log that is
sealed, and a value run that is published.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kezhi.cli.launch.binaries import find_binaries
from kezhi.cli.launch.postgres import THROW_AWAY, EmbeddedPostgres


def main(target: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="kezhi-release-") as name,
        EmbeddedPostgres(Path(name), THROW_AWAY) as addresses,
    ):
        Path(name).chmod(0o755)
        os.environ.update(
            DATABASE_URL=addresses.owner,
            KEZHI_DATA=name,
            KEZHI_SECRET_KEY="only-for-tests",
            DJANGO_SETTINGS_MODULE="kezhi.settings",
        )
        fill()
        dump = [find_binaries()["pg_dump"], "--format=custom", "--compress=gzip:9", "--no-owner"]
        subprocess.run([*dump, "--no-privileges", f"--file={target}", addresses.owner], check=True)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")


def fill() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from cast import PASSWORD, TODAY
    from kezhi.accounts.models import Company, User
    from kezhi.accounts.organising import create_person
    from kezhi.audit import sealing
    from kezhi.core.actor import SYSTEM
    from kezhi.core.progress import silent
    from kezhi.insight.measuring import run_value, start_value_run
    from kezhi.records import registry
    from trading import trade

    Company.objects.create(pk=1, name="远航供应链", currency="CNY", time_zone="Asia/Shanghai")
    for login, title, role in (
        ("owner", "林晓雯", "owner"), ("liwei", "李伟", "salesperson"), ("chenjing", "陈静", "salesperson"),
    ):  # fmt: skip
        about = {"login": login, "name": title, "roles": [role], "password": PASSWORD}
        create_person(about, actor=SYSTEM)
    owner = User.objects.get(login="owner")
    customers = trade(User.objects.get(login="liwei"), User.objects.get(login="chenjing"))
    for customer in customers[:8]:
        for kind, given in (
            ("contact", {"name": f"联系人 {customer.code}", "phone": "13800000000"}),
            ("follow_up", {"subject": "回访", "due_on": TODAY, "assignee": owner}),
        ):
            registry[kind].create({"customer": customer, **given}, actor=owner, on=TODAY)
    started = start_value_run(actor=SYSTEM, on=TODAY, backfill_months=3)
    run_value(started.pk, silent)
    sealing.seal()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
