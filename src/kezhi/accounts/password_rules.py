"""What Django's own rules on passwords leave open: how long one may be."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 128


class LongestPassword:
    """Longer ones add nothing and cost time to hash; nothing is ever cut off silently."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(
                _("This password is too long: %(length)d characters, at most %(longest)d count.")
                % {"length": len(password), "longest": LONGEST}
            )

    def get_help_text(self) -> str:
        return _("At most %(longest)d characters.") % {"longest": LONGEST}
