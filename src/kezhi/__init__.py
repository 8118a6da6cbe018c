"""Kezhi 客值: the customer relationship management system that knows what every customer is worth."""

__version__ = "0.1.0"
