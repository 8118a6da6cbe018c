"""Consents from a file: each row through the deed, dated and sourced; a file never overrules a person's no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kezhi.customers.models.consent import ConsentSource
from kezhi.dataio.loading import DeclaredLoader
from kezhi.dataio.staging import Work


@dataclass(frozen=True)
class ConsentLoader(DeclaredLoader):
    """What the file calls the source goes into the detail: for us it is the file."""

    kind: str = "consent"

    def _rows(self, work: Work) -> Iterator[tuple[int, str, int | None, dict[str, Any]]]:
        for number, outcome, pk, entries in super()._rows(work):
            yield number, outcome, pk, {**entries, "source": ConsentSource.IMPORT}
