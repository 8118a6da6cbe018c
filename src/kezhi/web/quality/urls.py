from django.urls import path

from kezhi.web.quality import figures, reviews, skills, standards

urlpatterns = [
    path("quality/", figures.show, name="quality"),
    path("quality/reviews/", reviews.index, name="quality-reviews"),
    path("quality/standards/", standards.edit, name="quality-standards"),
    path("quality/skills/", skills.show, name="quality-skills"),
    path("quality/skills/levels/", skills.skill, name="quality-skill"),
    path("quality/courses/", skills.course, name="quality-course"),
    path("quality/training/", skills.attended, name="quality-training"),
    path("case-reviews/<int:pk>/marks/", reviews.mark, name="case-review-marks"),
    path("case-reviews/<int:pk>/answer/", reviews.answer, name="case-review-answer"),
    path("case-reviews/<int:pk>/second/", reviews.double, name="case-review-second"),
]
