"""A hundred thousand guessed addresses of files, far from and next to those that exist.

./kezhi bench security_guesses [--from 0] [--count N] [--seed 20261122]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/security/test_guessed_files.py", 100_000, "guesses", 25_000)
