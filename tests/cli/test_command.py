"""`./kezhi`, the script that a stranger runs first: each way it can fail is one sentence."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = '#!/bin/sh\ncase "$*" in {lacking}) exit 1 ;; esac\nexec /usr/bin/python3 "$@"\n'


@pytest.fixture
def bare(tmp_path):
    """A clone without environment, on a machine whose programs are in `tmp_path / "bin"`."""
    clone, programs = tmp_path / "clone", tmp_path / "bin"
    clone.mkdir()
    programs.mkdir()
    shutil.copy(ROOT / "kezhi", clone)
    (clone / "bench").mkdir()
    (clone / "bench" / "rfm_summary.py").touch()

    def install(name, text, place=programs):
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
        (place / name).chmod(0o755)

    def run(*arguments, language="en"):
        return subprocess.run(
            [clone / "kezhi", *arguments],
            env={
                "PATH": f"{programs}:/usr/bin:/bin",
                "LANG": "zh_CN.UTF-8" if language == "zh" else "C.UTF-8",
                "HOME": str(tmp_path),
                "TMPDIR": str(tmp_path),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    run.install, run.clone = install, clone
    return run


def test_without_venv_the_debian_package_is_named(bare):
    bare.install("python3", PYTHON.format(lacking="*ensurepip* | *pip*"))
    done = bare("demo")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Kezhi: Python lacks its venv module here: apt install python3-venv"
    )
    assert "缺少 venv 模块" in bare("demo", language="zh").stderr


def offline_uv(bare):
    text = "#!/bin/sh\necho '  error: Failed to fetch: dns error: no such host' >&2\nexit 2\n"
    bare.install("uv", text, bare.clone / ".uv" / "bin")


def test_without_network_the_first_run_says_so(bare):
    offline_uv(bare)
    done = bare("demo")
    assert done.returncode == 1
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("Kezhi")]
    assert "the first run needs the network" in sentence
    assert "dns error" in sentence


def test_the_language_is_that_of_the_terminal_or_of_the_option(bare):
    offline_uv(bare)
    assert "第一次运行需要联网" in bare("demo", language="zh").stderr
    assert "第一次运行需要联网" in bare("--lang", "zh", "demo").stderr
    assert "needs the network" in bare("--lang=en", "demo", language="zh").stderr


def test_the_program_is_run_with_what_was_typed_and_replaces_the_script(bare):
    bare.install("uv", "#!/bin/sh\nexit 0\n")
    bare.install("kezhi", '#!/bin/sh\necho "$$" "$@"\n', bare.clone / ".venv" / "bin")
    with subprocess.Popen(
        [bare.clone / "kezhi", "value", "a file.csv"],
        env={"PATH": f"{bare.clone.parent / 'bin'}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        said = started.communicate()[0]
    assert said == f"{started.pid} value a file.csv\n"


def test_an_unknown_measurement_lists_those_that_there_are(bare):
    done = bare("bench", "nothing")
    assert done.returncode == 2
    assert done.stderr.splitlines()[1:] == ["rfm_summary"]
