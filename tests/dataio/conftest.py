"""Bringing a file in as the command and the browser do: uploaded, checked, imported."""

from __future__ import annotations

from typing import Any

import pytest

from cast import NOW, TODAY


@pytest.fixture(autouse=True)
def uploads(tmp_path: Any, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "imports"


@pytest.fixture
def take_in(company: Any) -> Any:
    """Upload: `take_in(kind, content)` with text, bytes, or rows."""
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.uploading import upload

    def deed(
        kind: str, content: Any, actor: Any = SYSTEM, name: str = "file.csv", **choices: Any
    ) -> Any:
        data = content.encode() if isinstance(content, str) else content
        return upload(kind, name, [data], actor=actor, on=TODAY, choices=choices)

    return deed


@pytest.fixture
def checked(take_in: Any) -> Any:
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import check

    def deed(kind: str, content: Any, actor: Any = SYSTEM, **more: Any) -> Any:
        options = more.pop("options", {})
        batch = take_in(kind, content, actor, **more)
        batch.options.update(options)
        check(batch, actor=actor, on=TODAY, at=NOW)
        return batch

    return deed


@pytest.fixture
def bring_in(checked: Any) -> Any:
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import import_rows

    def deed(kind: str, content: Any, actor: Any = SYSTEM, **more: Any) -> Any:
        batch = checked(kind, content, actor, **more)
        return import_rows(batch, actor=actor, on=TODAY, at=NOW)

    return deed
