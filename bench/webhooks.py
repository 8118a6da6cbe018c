"""Webhooks both ways, ten thousand messages each: a receiver that comes and goes for six simulated hours, and
messages that come three times, in any order, some of them forged.

./kezhi bench webhooks [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/messaging/webhooks/test_full.py", 10_000, "messages", 2_500)
