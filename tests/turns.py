"""Which worker runs which tests, where several share a run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling

SHARES = re.compile(r'scope="module"|\bempty_site\b')


@cache
def share_what_they_made(path: Path) -> bool:
    """Whether tests of this file stand on something made once for the file: a site, a server, a fit."""
    return SHARES.search(path.read_text()) is not None


class SharersTogether(LoadScopeScheduling):
    """Tests that share what a file made go to one worker, in one piece; all others to whoever is free."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the browser stays last

    def _split_scope(self, nodeid: str) -> str:
        name = nodeid.partition("::")[0]
        return name if share_what_they_made(self.config.rootpath / name) else nodeid
