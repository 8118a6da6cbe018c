"""Days and words that the tests share; the people and customers are fixtures."""

from datetime import UTC, date, datetime

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
