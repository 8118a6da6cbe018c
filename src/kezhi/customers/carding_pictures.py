"""Pictures of cards: drawn anew by our own encoder, without what the camera wrote into them; and their text.

Recognition is an extra (`pip install kezhi[ocr]`): its models come with it and it needs no network. Without
it a person types or pastes what the picture shows.
"""

from __future__ import annotations

import logging
import uuid
import warnings
from collections.abc import Iterable
from functools import lru_cache, partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from kezhi.core.refusal import Refused

logger = logging.getLogger(__name__)

MOST_BYTES = 15 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1_600
FORMATS = ("JPEG", "PNG", "WEBP")
LEAST_SURE = 0.6


def picture_path(stored_as: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / "cards" / stored_as.hex[:2] / f"{stored_as.hex}.jpg"


def keep_picture(data: bytes) -> uuid.UUID:
    """Draw the picture anew and store it. Raises `Refused` for what is no picture, or too large a one."""
    if len(data) > MOST_BYTES:
        raise Refused(_("The file is larger than %(limit)s MB.") % {"limit": MOST_BYTES >> 20})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Refused(_("The picture has too many pixels."))
                image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                drawn = ImageOps.exif_transpose(image)
                drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                plain = Image.new("RGB", drawn.size, "white")
                opaque = drawn.convert("RGBA")
                plain.paste(opaque, mask=opaque.getchannel("A"))
    except Refused:
        raise
    except Exception as error:  # decoders fail on hostile bytes in every way there is
        logger.info("No picture: %s", type(error).__name__)
        raise Refused(_("This is not a JPEG, PNG or WebP picture that can be opened.")) from error
    stored_as = uuid.uuid4()
    path = picture_path(stored_as)
    path.parent.mkdir(parents=True, exist_ok=True)
    plain.save(path, "JPEG", quality=85)
    return stored_as


def forget(stored: Iterable[uuid.UUID]) -> None:
    """Delete pictures once it's certain that nothing refers to them."""
    for each in stored:
        transaction.on_commit(partial(picture_path(each).unlink, missing_ok=True))


def can_recognise() -> bool:
    return find_spec("rapidocr_onnxruntime") is not None


def recognised(stored_as: uuid.UUID) -> str:
    """The lines of text on a picture, top to bottom; empty where none was read."""
    found, _times = _engine()(str(picture_path(stored_as)))
    return "\n".join(text for _box, text, sure in found or () if float(sure) >= LEAST_SURE)


@lru_cache(maxsize=1)
def _engine() -> Any:
    # Half a gigabyte that only the worker needs, and only where the extra is installed.
    from rapidocr_onnxruntime import RapidOCR  # type: ignore[import-not-found]

    return RapidOCR()
