"""Many records at once: each item by its own deed, with its own result, in the order in which they came."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api import orders
from kezhi.api.calling import Call, answered
from kezhi.api.entries import Fields, Problems, Wrong, find, must_be_right, reference
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import create_one, delete_one, edit_one, new_fields, visible
from kezhi.api.sets import create_set
from kezhi.api.writes import writes_of
from kezhi.records import Kind

MOST = 1_000
OPS = ("create", "edit", "delete", "put")
MEMBERS = {
    "create": ("op", "fields"),
    "edit": ("op", "id", "key", "version", "fields"),
    "delete": ("op", "id", "key", "version"),
    "put": ("op", "number", "fields"),
}


def run(call: Call, kind_name: str) -> HttpResponse:
    """All items in one transaction; one that fails takes back only itself, and its result says why."""
    kind = call.kind(kind_name)
    items = call.object("items").get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MOST:
        said = _("Send a list of 1 to %(most)d items.") % {"most": MOST}
        raise Problem("invalid", errors=[("/items", said)])
    many = _Many(call, kind)
    with transaction.atomic():
        results = many.run(items)
    return answered({"results": results})


class _Many:
    """Consecutive creations are tried as one set first: what fails there is done one by one."""

    def __init__(self, call: Call, kind: Kind) -> None:
        self.call, self.kind, self.writes = call, kind, writes_of(kind)
        self.new = new_fields(call, kind, self.writes)
        known = self.new.known
        self.changed = Fields(call, kind, self.writes.changeable, self.writes.required, known)
        self.orders = orders.reader(call) if kind.name == "order" else None

    def run(self, items: list[Any]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        while len(results) < len(items):
            start = len(results)
            together = self._creations(items, start)
            made = create_set(self.call, self.kind, self.new, together) if together else None
            if made is not None:
                results += [_made(record, 201) for record in made]
                continue
            for place in range(start, start + max(len(together), 1)):
                results.append(self._one(items[place], f"/items/{place}"))
        return results

    def _creations(self, items: list[Any], start: int) -> list[Any]:
        found = []
        for item in items[start:]:
            if not (isinstance(item, dict) and item.keys() == {"op", "fields"}):
                break
            if item["op"] != "create" or not self.call.actor.may("create", self.kind.name):
                break
            found.append(item["fields"])
        return found if self.kind.name != "order" else []

    def _one(self, item: Any, at: str) -> dict[str, Any]:
        try:
            return self._done(item, at)
        except Problem as problem:
            return {"status": problem.status, "problem": problem.as_json()}

    def _done(self, item: Any, at: str) -> dict[str, Any]:
        op = item.get("op") if isinstance(item, dict) else None
        if op not in OPS:
            said = _("Say what to do: create, edit, delete or put.")
            raise Problem("invalid", errors=[(f"{at}/op", said)])
        unknown: Problems = [
            (f"{at}/{name[:80]}", _("There is no such member here."))
            for name in item
            if name not in MEMBERS[op]
        ]
        must_be_right(unknown)
        if op == "put":
            return self._put(item, at)
        deed = {
            "create": self.writes.create,
            "edit": self.writes.edit,
            "delete": self.writes.delete,
        }
        if deed[op] is None:
            raise Problem("method-not-allowed")
        if op == "create":
            self.call.must_may("create", self.kind.name)
            made = create_one(self.call, self.writes, self.new, item.get("fields"), f"{at}/fields")
            return _made(made, 201)
        record, version = self._record(item, at, op), _version(item, at)
        if op == "delete":
            delete_one(self.call, self.writes, record, version)
            return {"status": 204, "id": item.get("id", record.pk)}
        saved = edit_one(
            self.call,
            self.writes,
            self.changed,
            record,
            item.get("fields"),
            version,
            f"{at}/fields",
        )
        return _made(saved, 200)

    def _record(self, item: dict[str, Any], at: str, action: str) -> Any:
        try:
            by, wanted = reference({k: v for k, v in item.items() if k in ("id", "key")})
        except Wrong as reason:
            raise Problem("invalid", errors=[(at, str(reason))]) from reason
        record = find(self.call, self.kind.name, by, wanted)
        if record is None:
            raise not_found()
        self.call.parts["id"] = str(record.pk)
        return visible(self.call, self.kind, action)

    def _put(self, item: dict[str, Any], at: str) -> dict[str, Any]:
        if self.orders is None:
            raise Problem("method-not-allowed")
        number = orders.number_of(item.get("number"), f"{at}/number")
        fields = item.get("fields")
        if not isinstance(fields, dict):
            raise Problem("invalid", errors=[(f"{at}/fields", _("Send an object of fields."))])
        order = orders.tell(self.call, number, fields, fields=self.orders, at=f"{at}/fields")
        return _made(order, 200)


def _version(item: dict[str, Any], at: str) -> int | None:
    version = item.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise Problem("invalid", errors=[(f"{at}/version", _("Send a whole number."))])
    return version


def _made(record: Any, status: int) -> dict[str, Any]:
    told = {"status": status, "id": record.pk}
    version = getattr(record, "version", None)
    return told if version is None else told | {"version": version}
