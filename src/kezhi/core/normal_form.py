"""Unicode's normal forms in linear time.

The marks over one letter are put into order by an insertion sort, so a megabyte of marks would keep a process
busy for minutes. Long texts are taken in pieces that end where nothing can combine with what follows.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

PIECE = 500
# Letters of the larger scripts; nothing before them combines with them.
_BEGIN = re.compile(
    "[\0-\u02ff\u0370-\u0482\u048a-\u0556\u05d0-\u05ea\u0620-\u064a\u0905-\u0939\u0e01-\u0e2e"
    "\u1100-\u1112\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3]"
)


def normal_form(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """As `unicodedata.normalize`; more than 500 marks in a row are put into order piece by piece."""
    pieces, at = [], 0
    while len(text) - at > 2 * PIECE:
        found = _BEGIN.search(text, at + PIECE, at + 2 * PIECE)
        end = found.start() if found else at + 2 * PIECE
        pieces.append(unicodedata.normalize(form, text[at:end]))
        at = end
    return "".join((*pieces, unicodedata.normalize(form, text[at:])))
