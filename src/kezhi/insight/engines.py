"""Which engine this installation's value runs use: its own process, or an Apache Spark cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings as installation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kezhi.core.refusal import Refused
from kezhi.value.compute.engine import Engine, EngineUnavailable, engine_at

TROUBLES = {
    "no_address": gettext_noop(
        "KEZHI_ENGINE is %(address)s, which names no engine: write local, or spark://HOST:PORT."
    ),
    "no_shared": gettext_noop(
        "KEZHI_ENGINE names a Spark cluster, but KEZHI_SHARED no folder: name one that this machine "
        "and all workers see at the same path."
    ),
    "no_folder": gettext_noop(
        "The shared folder %(folder)s can't be written. Set KEZHI_SHARED to a folder that this machine "
        "and all workers see at the same path."
    ),
    "no_extra": gettext_noop(
        "A run on Spark needs the extra spark: uv sync --inexact --extra spark, on this machine and all "
        "workers."
    ),
    "no_java": gettext_noop(
        "A run on Spark needs Java 17: apt install openjdk-17-jre-headless, or set JAVA_HOME."
    ),
    "unreachable": gettext_noop(
        "No Spark master answers at %(address)s. Start it, or set KEZHI_ENGINE to local."
    ),
    "no_workers": gettext_noop(
        "The Spark master at %(address)s has no free worker. Start one, or give it more memory."
    ),
    "gave_up": gettext_noop(
        "The Spark cluster at %(address)s gave up the work; its workers' logs say why. Nothing was "
        "published."
    ),
}


@contextmanager
def engine_of_this_installation() -> Iterator[Engine]:
    """The engine by the settings; what is wrong with a cluster is refused with the remedy."""
    shared = Path(installation.SHARED) if installation.SHARED else None
    try:
        with engine_at(installation.ENGINE, shared) as engine:
            yield engine
    except EngineUnavailable as trouble:
        raise Refused(_(TROUBLES[trouble.key]) % trouble.detail) from trouble
