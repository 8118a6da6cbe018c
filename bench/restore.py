"""A backup of a large company is made, verified and restored; how long each takes, and that all came back.

    ./kezhi bench restore [--customers 1000000] [--files-mb 5000] [--folder FOLDER]

With `--folder`, what was filled there is used again. Needs room for the database twice, and the files thrice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
BLOCK = 5_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--files-mb", type=int, default=5_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--most-minutes", type=float, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-restore-") as name:
        report = drill(arguments.folder or Path(name), arguments.customers, arguments.files_mb)
    report["holds"] = report["restore_s"] <= arguments.most_minutes * 60
    print(json.dumps(report, indent=1))
    if not report["holds"]:
        raise SystemExit(1)


def drill(folder: Path, customers: int, megabytes: int) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres
    from kezhi.operations.backups import keeping, restoring
    from kezhi.operations.backups.keys import make_key, read_key
    from kezhi.operations.backups.making import Source, make_backup

    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    uploads = folder / "uploads"
    with EmbeddedPostgres(folder) as addresses:
        fill(folder, addresses.owner, customers, megabytes, uploads)
        key_file = folder / "key.txt"
        public = read_key(key_file).to_public() if key_file.exists() else make_key(key_file)
        at = datetime.now(UTC)
        source = Source(addresses.application, uploads, "bench" * 10)
        took = {}
        began = time.monotonic()
        made = make_backup(source, folder / "shelf", str(public), at=at)
        took["backup_s"] = round(time.monotonic() - began, 1)
    began = time.monotonic()
    keeping.verify(made, read_key(key_file))
    took["verify_s"] = round(time.monotonic() - began, 1)
    new = folder / f"restored-{os.getpid()}"
    environment = {
        name: given
        for name, given in os.environ.items()
        if name not in ("DATABASE_URL", "DATABASE_MIGRATE_URL", "KEZHI_SECRET_KEY", "KEZHI_DATA")
    } | {"DJANGO_SETTINGS_MODULE": "kezhi.settings"}
    began = time.monotonic()
    # The command compares rows and digests of every table, and every file, with the manifest.
    subprocess.run(
        [*KEZHI, "restore", made, "--key", key_file, "--data", new],
        env=environment,
        check=True,
        stdout=sys.stderr,
    )
    took["restore_s"] = round(time.monotonic() - began, 1)
    opened = restoring.opened(made, read_key(key_file))
    return {
        "customers": customers,
        "rows": sum(int(rows) for rows, _digest in opened.manifest.tables.values()),
        "files": len(opened.manifest.files),
        "backup_mb": round(opened.cover.size / 1e6),
        **took,
    }


def fill(folder: Path, address: str, customers: int, megabytes: int, uploads: Path) -> None:
    mark = folder / f"filled-{customers}-{megabytes}"
    if mark.exists():
        return
    os.environ.update(
        DATABASE_URL=address,
        KEZHI_DATA=str(folder / "data"),
        KEZHI_SECRET_KEY="bench" * 10,
        DJANGO_SETTINGS_MODULE="kezhi.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from million import filling

    from kezhi.core.database import grant_application_role

    call_command("migrate", verbosity=0)
    grant_application_role("kezhi_app")
    filling.staff()
    filling.fill(customers)
    filling.write_documents()
    connection.close()
    getattr(connection, "close_pool", lambda: None)()
    rng = random.Random(7)
    (uploads / "attachments").mkdir(parents=True, exist_ok=True)
    for number in range(megabytes * 1_000_000 // BLOCK):
        (uploads / "attachments" / f"{number:032x}").write_bytes(rng.randbytes(BLOCK))
    mark.touch()


if __name__ == "__main__":
    main()
