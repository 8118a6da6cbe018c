from kezhi.operations.models.slow_page import SlowPage

__all__ = ["SlowPage"]
