"""Whether the time of an answer tells a known name from an unknown one: 500 + 500 samples in turns.

./kezhi bench security_timing [--cases 500]
"""

from __future__ import annotations

from security.in_full import run

if __name__ == "__main__":
    run("tests/security/test_answer_times.py", 500, "samples_of_each", 500)
