"""How long `./kezhi demo` takes until its sign-in page answers: the first time, and later times.

The whole command as a person types it, in a data folder of its own. "First" is after the Python environment
is installed: database, migrations, browser files, demo company. Promised: first <= 60 s, later <= 8 s.
CPU seconds stand beside, of all processes until they have stopped: on a busy machine they tell more.

    ./kezhi bench demo_start [--later 3] [--port 8765]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST_WITHIN, LATER_WITHIN = 60.0, 8.0


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=10) as page:
            return page.status == 200
    except (urllib.error.URLError, OSError):
        return False


def start_once(folder: str, port: int) -> tuple[float, float]:
    """Seconds from the command to the page, and of CPU until it has stopped as by Ctrl-C."""
    log = Path(folder).parent / "output"
    spent = cpu_seconds()
    began = time.monotonic()
    with log.open("wb") as out:
        command = [ROOT / "kezhi", "demo", "--data", folder, "--port", str(port)]
        demo = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"LANG": "C.UTF-8"}
        )
        while not answers(port):
            if demo.poll() is not None or time.monotonic() - began > 600:
                demo.kill()
                sys.exit(f"the demo did not start:\n{log.read_text()}")
            time.sleep(0.02)
        seconds = time.monotonic() - began
        demo.send_signal(signal.SIGINT)
        if demo.wait(60) != 0:
            sys.exit(f"the demo did not stop:\n{log.read_text()}")
    print(log.read_text(), file=sys.stderr)
    return seconds, cpu_seconds() - spent


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--later", type=int, default=3)
    parser.add_argument("--port", type=int, default=8765)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as place:
        folder = f"{place}/data"
        first, first_cpu = start_once(folder, asked.port)
        later = [start_once(folder, asked.port) for _ in range(asked.later)]
    print(
        json.dumps(
            {
                "first_seconds": round(first, 2),
                "first_cpu_seconds": round(first_cpu, 2),
                "first_promised": FIRST_WITHIN,
                "later_seconds": [round(wall, 2) for wall, _cpu in later],
                "later_cpu_seconds": [round(cpu, 2) for _wall, cpu in later],
                "later_promised": LATER_WITHIN,
            }
        )
    )
    if first > FIRST_WITHIN or statistics.median(wall for wall, _cpu in later) > LATER_WITHIN:
        sys.exit("slower than promised")


if __name__ == "__main__":
    main()
