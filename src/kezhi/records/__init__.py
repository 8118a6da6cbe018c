"""Records: the types with which every kind of record is declared. No tables."""

from kezhi.records.fields import Collection, Condition, DataClass, Field, FieldKind, View
from kezhi.records.kinds import Kind, registry

__all__ = ["Collection", "Condition", "DataClass", "Field", "FieldKind", "Kind", "View", "registry"]
