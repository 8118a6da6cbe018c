"""What a fresh installation brings along: packages by digest, secrets of its own, no account."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from kezhi.cli.launch.folder import OWN, DataFolder

ROOT = Path(__file__).resolve().parents[2]
# What nobody writes by accident: private keys, tokens of well-known services, keys of backups.
SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{100,}"
    r"|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}|glpat-[\w-]{20}|xox[bp]-[\w-]{20,}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{50,}"
)


def test_every_package_is_locked_by_its_digest():
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    assert len(locked) > 50
    for package in locked:
        if "registry" not in package["source"]:
            continue
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files, package["name"]
        assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


def test_every_package_that_is_needed_is_locked():
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[<>=;! ]", each)[0].lower() for each in needed}
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    assert names <= {package["name"] for package in locked}


def test_the_benchmarks_are_locked_with_what_the_program_needs():
    """Else `./kezhi bench` fails at its first import."""
    needed = [
        {
            each["name"]
            for package in tomllib.loads((ROOT / lock).read_text())["package"]
            if package["name"] == "kezhi"
            for each in package["dependencies"]
        }
        for lock in ("uv.lock", "bench/uv.lock")
    ]
    assert needed[0] == needed[1]


def test_a_new_data_folder_makes_its_own_key_for_its_own_eyes(tmp_path):
    keys = set()
    for name in ("one", "two"):
        folder = DataFolder(tmp_path / name)
        folder.hold(OWN)
        folder.release()
        key = tmp_path / name / "secret.key"
        assert key.stat().st_mode & 0o077 == 0
        assert len(key.read_text()) >= 48
        keys.add(key.read_text())
    assert len(keys) == 2


@pytest.mark.django_db
def test_a_new_database_has_no_account_and_no_company():
    from kezhi.accounts.models import Company, User

    assert not User.objects.exists()
    assert not Company.objects.exists()


def test_without_a_secret_key_nothing_is_served():
    assert "SECRET_KEY" not in {
        line.split("=")[0].strip()
        for line in (ROOT / "src/kezhi/settings/base.py").read_text().splitlines()
        if re.match(r'SECRET_KEY = "[^"]+"', line)
    }


def test_nothing_secret_is_in_the_tree():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{name}: {match[0][:20]}" for match in SECRETS.finditer(text)]
    assert not found


def test_units_run_as_a_user_that_cannot_write_the_code():
    for path in (ROOT / "deploy/systemd").glob("*.service"):
        unit = path.read_text()
        for line in ("User=kezhi", "ProtectSystem=strict", "NoNewPrivileges=true", "UMask=0077"):
            assert line in unit, path.name
        assert "ReadWritePaths=/var/lib/kezhi\n" in unit
        assert "/opt" not in re.findall(r"ReadWritePaths=(.*)", unit)


def test_containers_run_without_rights():
    assert "USER kezhi" in (ROOT / "deploy/container/Containerfile").read_text()
    services = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text())["services"]
    for name in ("migrate", "web", "worker"):
        given = services[name]
        assert given["cap_drop"] == ["ALL"], name
        assert given["read_only"] is True, name
        assert "no-new-privileges" in given["security_opt"], name
        # The role that changes tables is for migrations alone.
        assert ("migrate.env" in given["env_file"]) == (name == "migrate"), name
        assert "database.env" not in given["env_file"], name
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
