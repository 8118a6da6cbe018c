"""Work on the database in several processes beside this one: each has its connection, all end with us."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from importlib import import_module
from multiprocessing import get_context
from typing import Any


def in_processes(
    module: str, name: str, tasks: Iterable[Any], processes: int
) -> Iterator[list[Any]]:
    """Outcomes of `module.name(task)` in batches, as they come; the function is named, because a new process
    must set Django up before it imports anything."""
    from django.db import connections

    database = dict(connections["default"].settings_dict)
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin, initargs=(os.getpid(), database)
    ) as pool:
        waiting: set[Future[Any]] = set()
        try:
            for task in tasks:
                waiting.add(pool.submit(_call, module, name, task))
                if len(waiting) > 2 * processes:
                    ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield [each.result() for each in ended]
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield [each.result() for each in ended]
        finally:
            for each in waiting:
                each.cancel()


def _begin(parent: int, database: dict[str, Any]) -> None:
    import django

    django.setup()
    from django.db import connections

    options = {name: given for name, given in database["OPTIONS"].items() if name != "pool"}
    connections["default"].settings_dict.update({**database, "OPTIONS": options})
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A killed parent says nothing; the child sees that it has another one."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _call(module: str, name: str, task: Any) -> Any:
    return getattr(import_module(module), name)(task)
