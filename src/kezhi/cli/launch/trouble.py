"""Why Kezhi does not start, as a sentence for the person who started it."""


class CannotStart(Exception):
    """One translated sentence that names the reason and the remedy; shown without a traceback."""
