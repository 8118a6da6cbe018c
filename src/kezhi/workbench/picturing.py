"""Small pictures of images, drawn anew: what a browser shows has passed through our own encoder."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from PIL import Image, ImageOps

logger = logging.getLogger(__name__)

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
MOST_PIXELS = 25_000_000
LONGEST_SIDE = 480


def make_thumbnail(source: Path, target: Path, media_type: str) -> bool:
    """Draw the image small as a JPEG; False for what is no image, or a larger one than we care to open."""
    format_ = FORMATS.get(media_type)
    if format_ is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=[format_]) as image:
                if image.width * image.height > MOST_PIXELS:
                    return False
                image.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
                small = ImageOps.exif_transpose(image)
                small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                _on_white(small).save(target, "JPEG", quality=82)
    except Exception as error:  # decoders fail on hostile bytes in every way there is
        logger.info("No thumbnail: %s", type(error).__name__)
        target.unlink(missing_ok=True)
        return False
    return True


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, without the notes that a camera left in it."""
    drawn = Image.new("RGB", image.size, "white")
    with_alpha = image.convert("RGBA")
    drawn.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return drawn
