from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy


class SkillLevel(models.Model):
    """How well a colleague can do something that `User.skills` names, and what proves it until when."""

    class Level(models.IntegerChoices):
        LEARNING = 1, pgettext_lazy("skill level", "Learning")
        SUPERVISED = 2, pgettext_lazy("skill level", "With support")
        ALONE = 3, pgettext_lazy("skill level", "Alone")
        TEACHES = 4, pgettext_lazy("skill level", "Teaches others")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    skill = models.CharField(max_length=40)
    level = models.SmallIntegerField(choices=Level)
    certificate = models.CharField(max_length=120, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "skill"], name="skill_levels_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.skill} {self.level}"


class Course(models.Model):
    """A training that colleagues attend. `skill`: whoever has that skill needs it; empty: nobody must."""

    name = models.CharField(max_length=120, unique=True)
    name_en = models.CharField(max_length=120, blank=True)
    skill = models.CharField(max_length=40, blank=True)
    valid_months = models.PositiveSmallIntegerField(default=0)  # 0: for good
    is_required = models.BooleanField(default=False)
    created_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.name

    def name_in(self, language: str) -> str:
        return (self.name_en or self.name) if language.startswith("en") else self.name


class TrainingRecord(models.Model):
    """Who attended a course on which day, and with what result."""

    class Result(models.TextChoices):
        PASSED = "passed", pgettext_lazy("training", "Passed")
        ATTENDED = "attended", pgettext_lazy("training", "Attended")
        FAILED = "failed", pgettext_lazy("training", "Not passed")

    course = models.ForeignKey(Course, models.PROTECT, related_name="records")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    on = models.DateField()
    result = models.CharField(max_length=10, choices=Result)
    remark = models.CharField(max_length=300, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "user", "on"], name="training_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.course_id} {self.on}"
