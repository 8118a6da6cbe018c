"""Days and words that the tests share; the people and customers are fixtures."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def today_here() -> date:
    """The company's day now: in the evening of UTC its morning has begun."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()
