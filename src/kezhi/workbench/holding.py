"""What a record holds in a field, for the generic pages; the answer itself is the declarations' affair."""

from kezhi.records.holding import at, held

__all__ = ["at", "held"]
