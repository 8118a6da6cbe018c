"""The data folder: ours, held by one process, never a stranger's."""

import json
import os
import stat
import subprocess
import sys

import pytest

from kezhi.cli.launch.folder import DEMO, OWN, DataFolder, code_digest
from kezhi.cli.launch.trouble import CannotStart


@pytest.fixture
def folder(tmp_path):
    folder = DataFolder(tmp_path / "data")
    yield folder
    folder.release()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.odt").write_text("…")
    with pytest.raises(CannotStart, match="not a data folder of Kezhi"):
        DataFolder(tmp_path).hold(DEMO)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="is a file"):
        DataFolder(tmp_path / "file").hold(DEMO)


def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    # Root may write everywhere, but not make a folder among the kernel's files.
    place = "/proc/kezhi" if os.geteuid() == 0 else closed
    with pytest.raises(CannotStart, match="can't write"):
        DataFolder(type(tmp_path)(place)).hold(DEMO)


def test_a_folder_of_a_newer_kezhi_is_refused(tmp_path):
    said = {"product": "kezhi", "format": 99, "kind": DEMO}
    (tmp_path / "kezhi.json").write_text(json.dumps(said))
    with pytest.raises(CannotStart, match="newer Kezhi"):
        DataFolder(tmp_path).hold(DEMO)


def test_the_demo_is_never_put_into_a_company_of_ones_own(folder):
    folder.hold(OWN)
    folder.release()
    with pytest.raises(CannotStart, match="company of your own"):
        DataFolder(folder.path).hold(DEMO)


def test_two_processes_never_hold_one_folder(folder):
    folder.hold(OWN)
    with pytest.raises(CannotStart, match=f"already running .*process {os.getpid()}"):
        DataFolder(folder.path).hold(OWN)


def test_a_folder_is_free_again_when_its_process_was_killed(folder):
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from kezhi.cli.launch.folder import OWN, DataFolder\n"
        "held = DataFolder(Path(sys.argv[1]))\n"
        "held.hold(OWN)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, folder.path], check=False)
    folder.hold(OWN)


def test_the_secret_key_is_kept_and_for_no_other_eyes(folder):
    folder.hold(OWN)
    key = folder.path / "secret.key"
    first = key.read_text()
    folder.release()
    DataFolder(folder.path).hold(OWN)
    assert key.read_text() == first
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_nobody_else_looks_into_the_folder(folder):
    folder.path.mkdir(mode=0o755)
    folder.hold(OWN)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_process_left_by_a_killed_start_is_ended(folder):
    folder.hold(OWN)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as left:
        folder.note_processes({"web": left.pid})
        folder.release()
        DataFolder(folder.path).hold(OWN)
        left.wait(10)


def test_what_is_prepared_is_told_by_the_code(folder, tmp_path):
    folder.hold(OWN)
    package = tmp_path / "package"
    package.mkdir()
    folder.mark_prepared(code_digest(package))
    assert folder.is_prepared(code_digest(package))
    (package / "new.py").touch()
    assert not folder.is_prepared(code_digest(package))


def test_files_that_are_made_count_by_their_names(tmp_path):
    made = tmp_path / "LC_MESSAGES" / "django.mo"
    made.parent.mkdir()
    made.touch()
    before = code_digest(tmp_path)
    made.write_text("…")
    assert code_digest(tmp_path) == before
    made.unlink()
    assert code_digest(tmp_path) != before
