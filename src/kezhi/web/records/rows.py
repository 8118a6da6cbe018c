"""The rows of a list as HTML, written by one writer that is made for the page's kind and columns.

A list is the page that people open all day. A macro called per cell took three quarters of its time, so what
doesn't change from row to row (words, units, classes, symbols) is worked out once per page here, and a cell is
a function from its entry to text. What it writes is what `records/_cells.html` writes in a property panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from markupsafe import Markup, escape

from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.web import numbers
from kezhi.web.records.actions import Action, actions_of, tones_of
from kezhi.web.records.cells import subtitle_of, title_of
from kezhi.workbench.holding import at, held

K = FieldKind
MOST_META = 4
MOST_TAGS = 3
RISK_BELOW = Decimal("0.6")
RECENT = timedelta(days=30)


class Shown(Protocol):
    """A column, as far as its cells are concerned."""

    @property
    def field(self) -> Field: ...
    @property
    def is_title(self) -> bool: ...
    @property
    def is_main(self) -> bool: ...


@dataclass(frozen=True)
class Written:
    """One entry: `table` for the table's cell, `brief` for the line that a phone shows under the name."""

    table: str
    brief: str = ""


Cell = Callable[[Any, Any, str], Written]


class RowWriter:
    """Writes the rows of one page. `back` is where a row's deeds return to; `marks` are words beside names,
    by record."""

    def __init__(
        self,
        kind: Kind,
        columns: Sequence[Shown],
        *,
        on: date,
        selectable: bool,
        may_edit: bool,
        has_actions: bool,
        back: str,
        sum_field: Field | None = None,
    ) -> None:
        self.marks: Mapping[int, str] = {}
        self.kind, self.columns, self.on = kind, columns, on
        self.selectable, self.may_edit = selectable, may_edit
        self.has_actions, self.back = has_actions, str(escape(back))
        self.shown_names = {column.field.name for column in columns}
        self.sum_field = sum_field
        self.select = escape(_("Select %(name)s"))
        # Companies and people have their first character as a picture.
        self.avatar = {"customer": "av co lg", "contact": "av lg"}.get(kind.name, "")
        words = _Words()
        self.cells = [
            None if column.is_title else _cell_of(column.field, words, on) for column in columns
        ]
        self.opening = [self._opening(column) for column in columns]

    def _opening(self, column: Shown) -> str:
        field = column.field
        classes = []
        if field.is_number and field.kind is not K.PROBABILITY:
            classes.append("n")
        if column.is_main:
            classes += ["c-main", "b"] if field.kind is K.MONEY else ["c-main"]
        if field.kind is K.LONG_TEXT:
            classes.append("long")
        marks = f' class="{" ".join(classes)}"' if classes else ""
        if self.may_edit and self.kind.edit is not None and field.is_editable:
            marks += f' data-cell="{field.name}"'
        return f"<td{marks}>"

    def write(self, record: Any) -> Markup:
        kind = self.kind
        title = escape(title_of(kind, record))
        href = escape(kind.url_of(record))
        tones = tones_of(kind.name, record, self.on)
        actions = self._actions(record, title)
        parts = [f'<tr data-row data-id="{record.pk}"{self._amount(record)}>']
        if self.selectable:
            label = str(self.select) % {"name": title}
            parts.append(
                '<td class="c-check"><input type="checkbox" class="check" name="selected"'
                f' value="{record.pk}" aria-label="{label}"></td>'
            )
        briefs: list[tuple[str, bool]] = []
        for column, opening, cell in zip(self.columns, self.opening, self.cells, strict=True):
            if cell is None:
                parts.append(self._title(record, title, href))
                continue
            field = column.field
            tone = tones.get(field.name, "")
            written = cell(held(record, field), record, tone)
            parts.append(f"{opening}{written.table}</td>")
            if written.brief and not column.is_main:
                briefs.append((written.brief, bool(tone)))
        if self.has_actions:
            parts.append(f'<td class="tr">{actions % ""}</td>')
        parts.append(f'<td class="c-meta only">{_fitting(briefs)}{actions % " ml"}</td></tr>')
        return Markup("".join(parts))  # noqa: S704 - every part was escaped above

    def _amount(self, record: Any) -> str:
        """What the row adds to the sum that the bar over the selected rows tells."""
        amount = held(record, self.sum_field) if self.sum_field is not None else None
        return f' data-amount="{amount}"' if amount is not None else ""

    def _title(self, record: Any, title: str, href: str) -> str:
        avatar = (
            f'<span class="{self.avatar}" aria-hidden="true">{title[:1] or "–"}</span>'
            if self.avatar
            else ""
        )
        note = subtitle_of(self.kind, record, self.shown_names)
        small = f"<small>{escape(note)}</small>" if note else ""
        if mark := self.marks.get(record.pk):
            small = f'<span class="tag risk">{escape(mark)}</span>{small}'
        editable = ' data-cell="' + self.kind.title + '"' if self._is_title_editable else ""
        return (
            f'<td class="c-name"{editable}><div class="name">{avatar}<span>'
            f'<a href="{href}" dir="auto" data-open>{title}</a>{small}</span></div></td>'
        )

    @property
    def _is_title_editable(self) -> bool:
        field = self.kind.field(self.kind.title)
        return self.may_edit and self.kind.edit is not None and field.is_editable

    def _actions(self, record: Any, title: str) -> str:
        """The row's buttons, with a place for one more class; nothing for whom may not edit."""
        if not self.has_actions:
            return "%.0s"
        offered: list[Action] = actions_of(self.kind.name, record) if self.may_edit else []
        buttons = "".join(
            f'<button class="btn sm%(more)s" formaction="{escape(each.url)}" name="next"'
            f' value="{self.back}" hx-post="{escape(each.url)}" hx-swap="none">{_icon(each.icon)}'
            f'{escape(each.label)}<span class="vh"> {title}</span></button>'
            for each in offered
        )
        return buttons.replace("%", "%%").replace("%%(more)s", "%s") if offered else "%.0s"


def _fitting(briefs: list[tuple[str, bool]]) -> str:
    """What a phone shows of a row, in the order of the columns; what has a colour finds room first."""
    room = MOST_META - sum(is_toned for _brief, is_toned in briefs)
    shown = []
    for brief, is_toned in briefs:
        if is_toned or room > 0:
            shown.append(brief)
            room -= not is_toned
    return "".join(shown[:MOST_META])


class _Words:
    """What cells of one page have in common."""

    def __init__(self) -> None:
        self.nothing = f'<span class="mute">{numbers.none()}</span>'
        self.predicted = f'<span class="vh"> {escape(_("predicted"))}</span>'
        self.yes, self.no = escape(_("yes")), escape(_("no"))
        self.up, self.down = (
            f'{_icon("up")}<span class="vh">{escape(pgettext("change", "up"))}</span>',
            f'{_icon("dn")}<span class="vh">{escape(pgettext("change", "down"))}</span>',
        )
        self.unchanged = escape(_("unchanged"))
        tier = escape(_("Value tier"))
        unknown = escape(_("Value tier not known yet"))
        self.tiers = {
            "": '<span class="tier"><span aria-hidden="true">–</span>'
            f'<span class="vh">{unknown}</span></span>'
        }
        self.tier = f'<span class="tier t-%s"><span class="vh">{tier} </span>%s</span>'
        self.moved = f'{_icon("right")}<span class="vh">{escape(_("moved to"))}</span>'

    def around(self, field: Field) -> tuple[str, str]:
        """What stands before and after a figure: a prediction has its dashed line."""
        return (
            ('<span class="est">', f"{self.predicted}</span>") if field.is_predicted else ("", "")
        )

    def badge(self, tier: str) -> str:
        known = self.tiers.get(tier)
        if known is None:
            safe = escape(tier)
            known = self.tiers[tier] = self.tier % (safe, safe)
        return known


def _icon(name: str) -> str:
    return f'<svg class="i " aria-hidden="true" focusable="false"><use href="#i-{escape(name)}"/></svg>'


def _cell_of(field: Field, words: _Words, on: date) -> Cell:
    """The function that writes this field's entries."""
    if field.is_masked:
        plain = _masked(field, words)
    elif field.kind is K.TIER:
        return _tier(field, words, on)
    elif field.is_change:
        plain = _change(field, words)
    elif field.kind is K.PROBABILITY:
        plain = _probability(field, words)
    elif field.is_number:
        plain = _amount(field, words)
    elif field.kind is K.DATE:
        return _date(field, words)
    else:
        plain = _MADE.get(field.kind, _text)(field, words)
    empty = Written(words.nothing)

    def cell(entry: Any, record: Any, tone: str) -> Written:
        if entry is None:
            return empty
        written = plain(entry)
        if not tone:
            return written
        opening = f'<span class="tag {tone}">'
        brief = f"{opening}{written.brief}</span>" if written.brief else ""
        return Written(f"{opening}{written.table}</span>", brief)

    return cell


Plain = Callable[[Any], Written]


def _masked(field: Field, words: _Words) -> Plain:
    def cell(entry: Any) -> Written:
        text = escape(entry)
        return Written(f'<span class="num">{text}</span>', f"<span>{text}</span>")

    return cell


def _tier(field: Field, words: _Words, on: date) -> Cell:
    def cell(entry: Any, record: Any, tone: str) -> Written:
        after = words.badge(entry or "")
        if entry is None:
            return Written(after)
        before = _before(field, record, on)
        if before and before != entry:
            moved = f'<span class="move">{words.badge(before)}{words.moved}{after}</span>'
            return Written(moved, after)
        return Written(after, after)

    return cell


def _before(field: Field, record: Any, on: date) -> Any:
    """What stood there until lately, for the fields that keep it."""
    if not field.before_path:
        return None
    since = at(record, field.since_path)
    is_recent = since is not None and on - since <= RECENT
    return at(record, field.before_path) if is_recent else None


def _change(field: Field, words: _Words) -> Plain:
    kind = "percent" if field.kind is K.SHARE else "number"
    label = escape(field.label)

    def cell(entry: Any) -> Written:
        if entry == 0:
            shown = f'<span class="delta flat">{words.unchanged}</span>'
        else:
            size = str(numbers.delta(abs(entry), kind)).replace("+", "")
            arrow, tone = (words.up, "better") if entry > 0 else (words.down, "worse")
            shown = f'<span class="delta {tone}">{arrow}{size}</span>'
        return Written(shown, f"<span>{label} {shown}</span>")

    return cell


def _probability(field: Field, words: _Words) -> Plain:
    label = escape(field.label)
    opening, closing = words.around(field)

    def cell(entry: Any) -> Written:
        figure = numbers.probability(entry)
        risk = "bar risk" if entry < RISK_BELOW else "bar "
        bar = (
            f'<span class="pbar"><svg class="{risk}" viewBox="0 0 100 4" preserveAspectRatio="none"'
            f' aria-hidden="true"><rect width="{float(entry) * 100:.1f}" height="4"/></svg>{figure}</span>'
        )
        return Written(bar, f"<span>{label} {opening}{figure}{closing}</span>")

    return cell


def _amount(field: Field, words: _Words) -> Plain:
    label = escape(field.label)
    opening, closing = words.around(field)
    unit = f" {escape(field.unit)}" if field.unit else ""
    figure = _figure(field)

    def cell(entry: Any) -> Written:
        short, alone = figure(entry)
        return Written(f"{opening}{short}{closing}", f"<span>{label} {alone}{unit}</span>")

    return cell


def _figure(field: Field) -> Callable[[Any], tuple[str, str]]:
    """The figure in its column, and alone."""
    kind, decimals = field.kind, field.decimals
    if kind is K.MONEY:

        def money(entry: Any) -> tuple[str, str]:
            if decimals:
                alone, column = numbers.money(entry, exact=True), numbers.number(entry, decimals)
            else:
                alone, column = numbers.money(entry), numbers.money_column(entry)
            return f'<span class="hide-s">{column}</span><span class="only-s">{alone}</span>', alone

        return money
    if kind is K.SHARE:
        return lambda entry: (numbers.percent(entry, decimals or 0),) * 2
    # The company's own numbers keep the decimals that it chose.
    if kind is K.QUANTITY and not field.is_custom:
        return lambda entry: (numbers.quantity(entry, decimals or 0),) * 2
    digits = 1 if kind in (K.SCORE, K.RATIO) and decimals is None else decimals or 0
    return lambda entry: (numbers.number(entry, digits),) * 2


def _date(field: Field, words: _Words) -> Cell:
    label, empty = escape(field.label), Written(words.nothing)
    opening, closing = words.around(field)

    def cell(entry: Any, record: Any, tone: str) -> Written:
        if entry is None:
            return empty
        day = numbers.day(entry)
        if tone:
            shown = f'<span class="tag {tone}">{day}</span>'
        elif field.is_predicted:
            shown = f"{opening}{day}{closing}"
        else:
            shown = f'<span class="num">{day}</span>'
        return Written(shown, f"<span>{label} {shown}</span>")

    return cell


def _moment(field: Field, words: _Words) -> Plain:
    label = escape(field.label)

    def cell(entry: Any) -> Written:
        shown = f'<span class="num">{numbers.instant(entry)}</span>'
        return Written(shown, f"<span>{label} {shown}</span>")

    return cell


def _boolean(field: Field, words: _Words) -> Plain:
    label = escape(field.label)
    yes = f'<span class="good-t">{_icon("check")}</span><span class="vh">{words.yes}</span>'
    no = f'<span class="mute" aria-hidden="true">–</span><span class="vh">{words.no}</span>'
    shown = {
        True: Written(yes, f"<span>{label} {words.yes}</span>"),
        False: Written(no),  # a phone's line tells what is, not what isn't
    }
    return lambda entry: shown[bool(entry)]


def _choice(field: Field, words: _Words) -> Plain:
    labels = {key: escape(label) for key, label in field.choices}

    def cell(entry: Any) -> Written:
        text = labels.get(entry) or escape(entry)
        return Written(text, f"<span>{text}</span>")

    return cell


def _choices(field: Field, words: _Words) -> Plain:
    labels = {key: escape(label) for key, label in field.choices}

    def cell(entry: Any) -> Written:
        tags = [f'<span class="tag">{labels.get(key) or escape(key)}</span>' for key in entry]
        text = f'<span class="row g4 wrap">{"".join(tags)}</span>' if tags else words.nothing
        return Written(text, text if tags else "")

    return cell


def _tags(field: Field, words: _Words) -> Plain:
    def cell(entry: Any) -> Written:
        chips = [
            f'<span class="tag c{tag.colour}" dir="auto">{escape(tag.name)}</span>' for tag in entry
        ]
        shown = chips[:MOST_TAGS]
        if len(chips) > MOST_TAGS:
            shown.append(f'<span class="mute num">+{len(chips) - MOST_TAGS}</span>')
        text = f'<span class="row g4">{"".join(shown)}</span>'
        return Written(text, text)

    return cell


def _person(field: Field, words: _Words) -> Plain:
    seen: dict[str, Written] = {}

    def cell(entry: Any) -> Written:
        name = str(entry)
        known = seen.get(name)
        if known is None:
            text = escape(name)
            known = seen[name] = Written(
                '<span class="row g4 who"><span class="av" aria-hidden="true">'
                f'{escape(name[:1] or "–")}</span><span class="sub">{text}</span></span>',
                f"<span>{text}</span>",
            )
        return known

    return cell


def _link(field: Field, words: _Words) -> Plain:
    linked = registry[field.link]

    def cell(entry: Any) -> Written:
        text = escape(entry)
        href = escape(linked.url_of(entry))
        return Written(f'<a class="" href="{href}">{text}</a>', f"<span>{text}</span>")

    return cell


def _long(field: Field, words: _Words) -> Plain:
    def cell(entry: Any) -> Written:
        text = _cut(str(entry), 60)
        return Written(escape(text), f"<span>{escape(_cut(str(entry), 40))}</span>")

    return cell


def _code(field: Field, words: _Words) -> Plain:
    def cell(entry: Any) -> Written:
        text = escape(entry)
        return Written(f'<span class="num">{text}</span>', f"<span>{text}</span>")

    return cell


def _text(field: Field, words: _Words) -> Plain:
    def cell(entry: Any) -> Written:
        text = escape(entry)
        return Written(text, f"<span>{escape(_cut(str(entry), 40))}</span>")

    return cell


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


_MADE: dict[FieldKind, Callable[[Field, _Words], Plain]] = {
    K.MOMENT: _moment,
    K.BOOLEAN: _boolean,
    K.CHOICE: _choice,
    K.MULTI_CHOICE: _choices,
    K.TAGS: _tags,
    K.PERSON: _person,
    K.LINK: _link,
    K.LONG_TEXT: _long,
    K.CODE: _code,
    K.PHONE: _code,
}
