"""Settings. The only place that reads the environment (`base`); tests use `testing`."""

from kezhi.settings.base import *
