"""The article as a kind of record."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.records import Condition, Field, FieldKind, Kind, View
from kezhi.service.knowledge import writing
from kezhi.service.models import Article

K = FieldKind


def _named(article: Any) -> str:
    return str(article.name)


def _audience(article: Any) -> str:
    return str(article.audience)


FIELDS = (
    Field(
        "name",
        pgettext_lazy("article", "Title"),
        path="shown_name",
        expression=Coalesce(
            NullIf("title", Value("")), "title_en", output_field=CharField(max_length=200)
        ),
        reads=_named,
        takes=("title", "title_en"),
        is_searchable=True,
    ),
    Field("code", pgettext_lazy("article", "Number"), K.CODE, is_searchable=True),
    Field(
        "title",
        pgettext_lazy("article", "Title in Chinese"),
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        max_length=200,
        import_names=("标题", "中文标题", "title"),
    ),
    Field(
        "body",
        pgettext_lazy("article", "Text in Chinese"),
        K.LONG_TEXT,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=writing.LONGEST_BODY,
        import_names=("正文", "内容", "body", "text"),
        help=_(
            "A line of # begins a heading, - a list, 1. steps, ** bold, ![what](name.png) shows a file"
            " of the article, KB-0001 links to another one"
        ),
    ),
    Field(
        "title_en",
        pgettext_lazy("article", "Title in English"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        is_importable=True,
        max_length=200,
        import_names=("英文标题", "title in English"),
    ),
    Field(
        "body_en",
        pgettext_lazy("article", "Text in English"),
        K.LONG_TEXT,
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=writing.LONGEST_BODY,
        import_names=("英文正文", "text in English"),
    ),
    Field(
        "keywords",
        pgettext_lazy("article", "Other words for it"),
        is_editable=True,
        is_searchable=True,
        is_importable=True,
        max_length=300,
        import_names=("关键词", "同义词", "keywords"),
        help=_("What customers call it, with commas between"),
    ),
    Field("topic", pgettext_lazy("article", "Topic"), path="topic__name", is_filterable=True),
    Field(
        "audience",
        pgettext_lazy("article", "Who may read it"),
        K.CHOICE,
        path="audience_key",
        choices=[(str(key), label) for key, label in Article.Audience.choices],
        expression=Cast("audience", CharField(max_length=2)),
        reads=_audience,
        takes=("audience",),
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=Article.State.choices,
        is_filterable=True,
    ),
    Field(
        "owner",
        pgettext_lazy("article", "Who keeps it up to date"),
        K.PERSON,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("负责人", "owner"),
    ),
    Field(
        "published_at",
        pgettext_lazy("article", "Published"),
        K.MOMENT,
        path="live__published_at",
        is_filterable=True,
    ),
    Field(
        "review_due_on",
        pgettext_lazy("article", "To be gone over by"),
        K.DATE,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "views",
        pgettext_lazy("article", "Opened"),
        K.INTEGER,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "helped",
        pgettext_lazy("article", "Helped"),
        K.INTEGER,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "not_helped",
        pgettext_lazy("article", "Did not help"),
        K.INTEGER,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "updated_at",
        pgettext_lazy("article", "Changed"),
        K.MOMENT,
        is_sortable=True,
    ),
)

KIND = Kind(
    name="article",
    label=pgettext_lazy("record", "Article"),
    label_plural=_("Articles"),
    model=Article,
    address="articles",
    icon="note",
    fields=FIELDS,
    title="name",
    subtitle=("code",),
    columns=(
        "name",
        "code",
        "topic",
        "audience",
        "state",
        "review_due_on",
        "views",
        "helped",
        "not_helped",
        "owner",
    ),
    default_sort="-updated_at",
    views=(
        View("all", pgettext_lazy("view", "All"), sort="-updated_at"),
        View(
            "review",
            pgettext_lazy("articles", "Waiting for review"),
            (Condition("state", "eq", "review"),),
            sort="-updated_at",
        ),
        View(
            "drafts",
            pgettext_lazy("articles", "Being written"),
            (Condition("state", "eq", "draft"),),
            sort="-updated_at",
        ),
        View(
            "overdue",
            pgettext_lazy("articles", "To be gone over"),
            (Condition("review_due_on", "before", "today"),),
            sort="review_due_on",
            is_alert=True,
        ),
        View(
            "retired",
            pgettext_lazy("articles", "Retired"),
            (Condition("state", "eq", "retired"),),
            sort="-updated_at",
        ),
    ),
    form=(
        "title",
        "body",
        "title_en",
        "body_en",
        "keywords",
        "audience",
        "owner",
        "review_due_on",
    ),
    properties=(
        "code",
        "topic",
        "audience",
        "state",
        "owner",
        "published_at",
        "review_due_on",
        "views",
        "helped",
        "not_helped",
        "keywords",
    ),
    import_key=("title",),
    select_related=("topic", "owner", "live"),
    empty=_("What is known about questions that come again; colleagues and customers find it."),
    is_customizable=True,
    is_taggable=True,
    has_attachments=True,
    create=writing.write_article,
    edit=writing.edit_article,
    delete=writing.delete_article,
)
