"""Whether the server that received a letter proved its sender, by the head of the letter (RFC 8601, DMARC)."""

from __future__ import annotations

import re

from kezhi.messaging.models import Incoming
from kezhi.messaging.storing import path_of

HEAD = 20_000
DOUBTS = frozenset({"unproven", "several_senders", "broken"})
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
FROM = re.compile(r"\bheader\.from=([^\s;]+)")


def results(raw: bytes) -> str:
    """What the receiving server wrote: only the first such header is its own. In lower case, unfolded."""
    head = raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0][:HEAD]
    unfolded = head.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ").lower()
    for line in unfolded.split(b"\n"):
        if line.startswith(b"authentication-results:"):
            return line.partition(b":")[2].decode("ascii", "replace")
    return ""


def is_proven(letter: Incoming) -> bool:
    """Whether DMARC passed for the address that the letter names. Where nobody checked, nothing is proven."""
    if not letter.from_address or DOUBTS & set(letter.problems):
        return False
    try:
        with path_of(letter.stored_as).open("rb") as kept:
            head = kept.read(HEAD)
    except OSError:
        return False
    return passes(results(head), letter.from_address.rpartition("@")[2].lower())


def passes(said: str, domain: str) -> bool:
    """One verdict, for this domain. What a sender can put into it (comments, quoted text) isn't read."""
    said = _without_comments(QUOTED.sub("", said))
    clauses = [each.split() for each in said.split(";")]
    verdicts = [words for words in clauses if words and words[0].startswith("dmarc=")]
    if len(verdicts) != 1 or verdicts[0][0] != "dmarc=pass" or said.count("dmarc=") != 1:
        return False
    named = FROM.findall(" ".join(verdicts[0]))
    return all(each.rpartition("@")[2] == domain for each in named)


def _without_comments(said: str) -> str:
    """They stand in parentheses, also within each other; one that doesn't end takes the rest along."""
    depth, kept = 0, []
    for sign in said:
        depth += sign == "("
        if not depth:
            kept.append(sign)
        depth -= sign == ")" and depth > 0
    return "".join(kept)
