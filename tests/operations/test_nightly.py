"""One backup for each night, whatever the clock does; and an alarm a day as long as something is wrong."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kezhi.messaging.models import Notice
from kezhi.operations.backups import manifest as m
from kezhi.operations.backups import nightly
from kezhi.operations.backups.trouble import BackupTrouble

pytestmark = pytest.mark.django_db
# Days on which the clock of the place was changed; Shanghai did so from 1986 to 1991.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(1988, 4, 17, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(1988, 9, 11, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2026, 11, 22, tzinfo=UTC)),
]


@pytest.fixture
def made(monkeypatch, settings, tmp_path):
    """Backups are noted instead of made."""
    settings.BACKUPS, settings.BACKUP_KEY, settings.BACKUPS_ELSEWHERE = tmp_path, "age1", ""
    times = []

    def make(source, shelf, key, *, at):
        times.append(at)
        place = shelf / f"{m.PREFIX}{at.strftime(m.STAMP)}"
        place.mkdir()
        for name in (m.MANIFEST, m.DATABASE, m.FILES):
            (place / name).write_bytes(b"x")
        parts = {name: [1, m.digest_of(place / name)] for name in (m.MANIFEST, m.DATABASE, m.FILES)}
        m.write_cover(place, m.Cover(at.strftime(m.STAMP), "0", "0", "age1", parts))
        return place

    monkeypatch.setattr(nightly, "make_backup", make)
    return times


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_each_night_has_one_backup_when_the_clock_is_changed(made, company, zone, day):
    zone = ZoneInfo(zone)
    begin = day - timedelta(days=2)
    for hours in range(24 * 5):
        nightly.tend_backups(at=begin + timedelta(hours=hours, minutes=30), zone=zone)
    days = [at.astimezone(zone).date() for at in made]
    assert len(days) == len(set(days))
    assert {(day + timedelta(days=n)).date() for n in (-1, 0, 1)} <= set(days)
    assert all(at.astimezone(zone).hour in (2, 3) for at in made[1:])


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=1)])
def test_a_clock_that_jumps_makes_no_second_backup_of_a_day(made, company, jump):
    zone, at = ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    for moment in (at, at + jump, at, at + jump + timedelta(hours=1), at + timedelta(hours=1)):
        nightly.tend_backups(at=moment, zone=zone)
    days = [each.astimezone(zone).date() for each in made]
    assert len(days) == len(set(days))


def test_without_a_key_nothing_is_made(made, company, settings, tmp_path):
    settings.BACKUP_KEY = ""
    nightly.tend_backups(at=datetime(2026, 11, 22, 3, 30, tzinfo=UTC), zone=ZoneInfo("UTC"))
    assert not made
    assert not Notice.objects.exists()


def test_what_is_wrong_is_told_to_the_owners_once_a_day(made, owner, li_wei, monkeypatch):
    def fail(*arguments, **more):
        raise BackupTrouble("The backup couldn’t be written to %(folder)s: %(reason)s.", folder="x", reason="full")  # fmt: skip  # noqa: E501

    monkeypatch.setattr(nightly, "make_backup", fail)
    begin = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    for hours in range(30):
        nightly.tend_backups(at=begin + timedelta(hours=hours), zone=ZoneInfo("UTC"))
    told = Notice.objects.filter(kind="backup.alarm")
    assert {notice.person_id for notice in told} == {owner.pk}
    assert told.count() == 2
    assert "full" in json.dumps([notice.words for notice in told], ensure_ascii=False)


def test_a_backup_that_went_bad_is_told(made, owner, tmp_path):
    begin = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    nightly.tend_backups(at=begin, zone=ZoneInfo("UTC"))
    (damaged,) = tmp_path.glob(f"{m.PREFIX}*/{m.DATABASE}")
    damaged.write_bytes(b"y")
    assert nightly.tend_backups(at=begin + timedelta(hours=3), zone=ZoneInfo("UTC")) == ""
    told = nightly.tend_backups(at=begin + timedelta(hours=4), zone=ZoneInfo("UTC"))
    assert damaged.parent.name in told
    assert Notice.objects.filter(kind="backup.alarm").count() == 1
