"""A survey, its versions, and the questions of each version."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy

from kezhi.core.owned import Edited
from kezhi.core.scoping import OpenQuerySet
from kezhi.satisfaction.models.item import SurveyItem


def in_chinese(language: str = "") -> bool:
    return (language or get_language() or "").lower().startswith("zh")


def told(zh: str, en: str, language: str = "") -> str:
    """The text in the reader's language, in the other where that one is empty."""
    return (zh or en) if in_chinese(language) else (en or zh)


class SurveyQuerySet(OpenQuerySet):
    kind = "survey"


class Survey(Edited):
    """What is asked, in which words, and what follows from a low score.

    The questions belong to its versions: one may be a draft, the others were published and never change.
    `low_below`: a score under it opens a case of `case_type` for `case_owner` (empty: the customer's owner),
    due after `case_days` days. An anonymous survey keeps no link between a person and what they answered.
    """

    class Instrument(models.TextChoices):
        CSAT = "csat", pgettext_lazy("survey instrument", "Satisfaction (CSAT)")
        NPS = "nps", pgettext_lazy("survey instrument", "Recommendation (NPS)")
        CES = "ces", pgettext_lazy("survey instrument", "Effort (CES)")
        SERVQUAL = "servqual", pgettext_lazy("survey instrument", "Service quality (SERVQUAL)")
        KANO = "kano", pgettext_lazy("survey instrument", "Features (Kano)")
        ACSI = "acsi", pgettext_lazy("survey instrument", "Satisfaction index (ACSI type)")
        OWN = "own", pgettext_lazy("survey instrument", "Own questions")

    code = models.CharField(max_length=40, unique=True)
    title_zh = models.CharField(max_length=120, blank=True)
    title_en = models.CharField(max_length=120, blank=True)
    instrument = models.CharField(max_length=8, choices=Instrument, default=Instrument.OWN)
    purpose_zh = models.CharField(max_length=400, blank=True)
    purpose_en = models.CharField(max_length=400, blank=True)
    thanks_zh = models.CharField(max_length=400, blank=True)
    thanks_en = models.CharField(max_length=400, blank=True)
    is_anonymous = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    low_below = models.PositiveSmallIntegerField(null=True, blank=True)
    case_type = models.CharField(max_length=20, blank=True)
    case_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    case_days = models.PositiveSmallIntegerField(default=2)

    objects: ClassVar[Any] = SurveyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(title_zh="") | ~Q(title_en=""), name="survey_has_a_title"
            ),
            models.CheckConstraint(
                condition=Q(low_below__isnull=True) | Q(low_below__lte=100),
                name="survey_threshold_is_a_score",
            ),
        ]

    def __str__(self) -> str:
        return self.title()

    def title(self, language: str = "") -> str:
        return told(self.title_zh, self.title_en, language)

    def purpose(self, language: str = "") -> str:
        return told(self.purpose_zh, self.purpose_en, language)

    def thanks(self, language: str = "") -> str:
        return told(self.thanks_zh, self.thanks_en, language)

    @property
    def published(self) -> SurveyVersion | None:
        """The version that is sent now."""
        rows = self.versions.filter(published_at__isnull=False)
        return rows.order_by("-number").first()

    @property
    def draft(self) -> SurveyVersion | None:
        return self.versions.filter(published_at__isnull=True).first()


class SurveyVersion(models.Model):
    """The questions of a survey as they were published; one without `published_at` is being written.

    `dimension_weights` gives each dimension's share of the score; empty, the questions' own weights count.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    dimension_weights = models.JSONField(default=dict, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "number"], name="survey_version_number"),
            models.UniqueConstraint(
                fields=["survey"], condition=Q(published_at__isnull=True), name="survey_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class SurveyQuestion(models.Model):
    """One question of a version.

    `labels` are the choices of a choice, else words at points of the scale: `[{"at": "5", "zh": …, "en": …}]`.
    `condition` asks it only after another answer: `{"question": code, "is": "at_most", "than": 6}`.
    An answer to a question with an `item` is also kept as a survey answer of that item.
    """

    class Sort(models.TextChoices):
        SCALE = "scale", pgettext_lazy("survey question", "Scale")
        NPS = "nps", pgettext_lazy("survey question", "Recommendation, 0 to 10")
        CHOICE = "choice", pgettext_lazy("survey question", "One of several")
        MULTI = "multi", pgettext_lazy("survey question", "Any of several")
        TEXT = "text", pgettext_lazy("survey question", "Free text")
        EXPECTATION = "expectation", pgettext_lazy("survey question", "Expectation")
        PERCEPTION = "perception", pgettext_lazy("survey question", "Perception")
        KANO_FUNCTIONAL = (
            "kano_functional",
            pgettext_lazy("survey question", "Kano: if it is there"),
        )
        KANO_DYSFUNCTIONAL = (
            "kano_dysfunctional",
            pgettext_lazy("survey question", "Kano: if it is missing"),
        )

    class Dimension(models.TextChoices):
        NONE = "", pgettext_lazy("survey dimension", "None")
        EXPECTATION = "expectation", pgettext_lazy("survey dimension", "Expectation")
        QUALITY = "perceived_quality", pgettext_lazy("survey dimension", "Perceived quality")
        WORTH = "perceived_value", pgettext_lazy("survey dimension", "Perceived value")
        SATISFACTION = "satisfaction", pgettext_lazy("survey dimension", "Satisfaction")
        COMPLAINT = "complaint", pgettext_lazy("survey dimension", "Complaint")
        LOYALTY = "loyalty", pgettext_lazy("survey dimension", "Loyalty")
        EFFORT = "effort", pgettext_lazy("survey dimension", "Effort")
        TANGIBLES = "tangibles", pgettext_lazy("survey dimension", "Tangibles")
        RELIABILITY = "reliability", pgettext_lazy("survey dimension", "Reliability")
        RESPONSIVENESS = "responsiveness", pgettext_lazy("survey dimension", "Responsiveness")
        ASSURANCE = "assurance", pgettext_lazy("survey dimension", "Assurance")
        EMPATHY = "empathy", pgettext_lazy("survey dimension", "Empathy")

    SCALES = (Sort.SCALE, Sort.NPS, Sort.EXPECTATION, Sort.PERCEPTION)
    KANO = (Sort.KANO_FUNCTIONAL, Sort.KANO_DYSFUNCTIONAL)
    CHOICES = (Sort.CHOICE, Sort.MULTI)

    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="questions")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    text_zh = models.CharField(max_length=300, blank=True)
    text_en = models.CharField(max_length=300, blank=True)
    sort = models.CharField(max_length=20, choices=Sort, default=Sort.SCALE)
    low = models.SmallIntegerField(default=1)
    high = models.SmallIntegerField(default=5)
    labels = models.JSONField(default=list, blank=True)
    is_reversed = models.BooleanField(default=False)
    dimension = models.CharField(max_length=20, choices=Dimension, blank=True, default="")
    weight = models.DecimalField(max_digits=8, decimal_places=3, default=1)
    is_required = models.BooleanField(default=True)
    condition = models.JSONField(default=dict, blank=True)
    item = models.ForeignKey(
        SurveyItem, models.PROTECT, null=True, blank=True, related_name="questions"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"],
                name="survey_question_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["version", "code"], name="survey_question_code"),
            models.CheckConstraint(
                condition=Q(low__lt=models.F("high")), name="survey_question_scale_rises"
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="survey_question_weight"),
        ]

    def __str__(self) -> str:
        return self.text()

    def text(self, language: str = "") -> str:
        return told(self.text_zh, self.text_en, language)

    @property
    def is_scale(self) -> bool:
        return self.sort in self.SCALES
