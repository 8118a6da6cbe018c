"""What can be wrong with a file, a row or a cell: one code each, with what happened and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kezhi.core.refusal import Refused

SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one row can't be imported. `column` is the position in the file, -1 for the whole row."""

    row: int
    column: int
    code: str
    text: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return explain(self.code, self.params)[0]

    @property
    def remedy(self) -> str:
        return explain(self.code, self.params)[1]


class FileRefused(Refused):
    """The file as a whole can't be read; nothing of it was."""

    def __init__(self, code: str, **params: Any) -> None:
        message, remedy = explain(code, params)
        super().__init__(f"{message} {remedy}".strip())
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return " ".join(part for part in explain(self.code, self.params) if part)


def explain(code: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """What happened and what to do, in the reader's language."""
    message, remedy = EXPLANATIONS[code]
    return str(message) % params, str(remedy) % params


def shown(text: str) -> str:
    """A cell's text as a report shows it: one line, cut, without what a screen can't draw."""
    line = "".join(c if c.isprintable() else "·" for c in text[: SHOWN_CHARACTERS + 1])
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


Explanation = tuple[str | Promise, str | Promise]

# The file as a whole.
FILE: dict[str, Explanation] = {
    "empty": (_("The file is empty."), _("Choose the file that contains the rows.")),
    "too_big": (
        _("The file is larger than %(limit)s MB."),
        _("Split it into several files; importing the parts one after the other is the same."),
    ),
    "not_a_table": (
        _("This is %(what)s, not a table."),
        _("Save the table as CSV (UTF-8) or as an Excel workbook (.xlsx)."),
    ),
    "old_format": (
        _("The format %(what)s can't be read here."),
        _("Open it in Excel or WPS and save it as .xlsx or as CSV (UTF-8)."),
    ),
    "packed": (_("This is a packed archive."), _("Unpack it first and choose the table inside.")),
    "password": (
        _("The workbook is protected by a password."),
        _("Open it, remove the password and save it again."),
    ),
    "damaged_workbook": (
        _("The workbook is damaged and can't be opened."),
        _("Open it in Excel or WPS, save it under another name and choose that file."),
    ),
    "bomb": (
        _("Unpacked, the workbook would be far larger than a table of this size can be."),
        _("It was refused before unpacking. Copy the rows into a new workbook, or save as CSV."),
    ),
    "entities": (
        _("The workbook contains XML definitions that no spreadsheet program writes."),
        _("It was refused. Copy the rows into a new workbook, or save as CSV."),
    ),
    "workbook_too_heavy": (
        _("Reading the workbook takes more memory or time than is allowed."),
        _("Delete the empty rows and columns at its edges, or save the sheet as CSV (UTF-8)."),
    ),
    "no_such_sheet": (
        _("The workbook has no sheet “%(sheet)s”."),
        _("It has: %(sheets)s."),
    ),
    "empty_sheet": (
        _("No sheet of the workbook contains rows."),
        _("Choose the workbook that contains them."),
    ),
    "not_text": (
        _("The file contains bytes that are not text."),
        _("Open it in Excel or WPS and save it as CSV (UTF-8) or .xlsx."),
    ),
    "encoding_unclear": (
        _("The encoding of the file can't be told for sure."),
        _("Choose the encoding yourself, or save the file as CSV (UTF-8)."),
    ),
    "wrong_encoding": (
        _("The file is not in the encoding %(encoding)s."),
        _("Choose another encoding, or let it be detected."),
    ),
    "no_such_encoding": (
        _("The encoding “%(name)s” is not known here."),
        _("Possible: %(names)s."),
    ),
    "unknown_delimiter": (
        _("The columns seem to be separated by “%(delimiter)s”."),
        _("Comma, tab and semicolon can be read: save the file again with one of these."),
    ),
    "no_heading": (
        _("No row with column headings was found."),
        _("Put the name of each column into the row above the first record."),
    ),
    "header_only": (
        _("The file has headings but no rows below them."),
        _("Choose the file that contains the rows."),
    ),
    "too_many_columns": (
        _("The file has %(count)s columns; at most %(limit)s can be read."),
        _("Delete the columns that you don't need."),
    ),
    "duplicate_headings": (
        _("Several columns have the heading “%(heading)s”."),
        _("Give each column a heading of its own, so that it is clear which one is meant."),
    ),
    "endless_cell": (
        _("A row after row %(row)s is longer than %(limit)s MB."),
        _('Probably a quotation mark (") is opened and never closed there.'),
    ),
    "field_twice": (
        _("Two columns are matched to “%(field)s”."),
        _("Keep one of them and leave the other out."),
    ),
    "field_missing": (
        _("No column is matched to “%(field)s”."),
        _("Choose the column that contains it."),
    ),
    "one_field_of": (
        _("None of these is matched: %(fields)s."),
        _("Match at least one of them."),
    ),
    "no_such_field": (
        _("There is no field “%(field)s” here."),
        _("Possible fields: %(fields)s."),
    ),
    "no_such_column": (
        _("The file has no column “%(column)s”."),
        _("Its columns: %(columns)s."),
    ),
}

# One row.
ROW: dict[str, Explanation] = {
    "forgotten": (
        _("This person asked to be forgotten, and was."),
        _("Leave the row out. If they come back themselves, enter them by hand."),
    ),
    "too_few_cells": (
        _("The row has %(actual)s cells; the headings have %(expected)s."),
        _(
            "Fill in the missing cells; put cells with a line break or a delimiter in quotation marks."
        ),
    ),
    "too_many_cells": (
        _("The row has %(actual)s cells; the headings have %(expected)s."),
        _("Delete the extra cells, or put cells that contain a delimiter in quotation marks."),
    ),
    "totals_row": (
        _("This looks like a totals row."),
        _("Delete it; totals are computed from the rows."),
    ),
    "unclosed_quote": (
        _("A quotation mark is opened and not closed."),
        _('Close it, or double it ("") where it is part of the text.'),
    ),
    "like_customer": (
        _("This looks like the customer %(name)s (%(code)s): %(why)s."),
        _("If it is another one, import the row with “Create, and list both for review”."),
    ),
    "like_row": (
        _("This looks like %(name)s in row %(row)s: %(why)s."),
        _("If it is another one, import the row with “Create, and list both for review”."),
    ),
    "same_row_again": (
        _("The same %(key)s stands in row %(row)s already, with other content."),
        _("Keep the row that is right and delete the other."),
    ),
}

# One cell.
CELL: dict[str, Explanation] = {
    "required": (_("“%(field)s” is empty."), _("Fill it in.")),
    "refused": (_("%(reason)s"), _("Correct the row.")),
    "too_long": (
        _("%(length)s characters; at most %(limit)s fit."),
        _("Shorten the text."),
    ),
    "nul": (
        _("The cell contains characters that are not text (NUL)."),
        _("Delete them or type the cell again."),
    ),
    "undecodable": (
        _("Some characters can't be read in the encoding of the file."),
        _("Type them again, or save the file as UTF-8."),
    ),
    "too_many_tags": (
        _("%(count)s tags; at most %(limit)s fit on a record."),
        _("Take some out."),
    ),
    "formula": (
        _("The cell contains a formula, not its result."),
        _("Copy the column and paste it as values."),
    ),
    "formula_error": (
        _("The formula in this cell ends in an error."),
        _("Correct the formula, or type the value."),
    ),
    "digits_lost": (
        _("The spreadsheet turned this number into %(text)s and lost digits."),
        _("Format the column as text and enter the number again."),
    ),
    "not_a_number": (_("This is not a number."), _("Write digits, such as 1234.50.")),
    "not_whole": (_("A whole number is needed."), _("Leave out the decimals.")),
    "decimal_comma": (
        _("It is not clear whether the comma or the point separates the decimals."),
        _("Write the decimals after a point, such as 1234.56."),
    ),
    "too_large": (
        _("The number is larger than %(limit)s."),
        _("Check the digits and the unit of the column."),
    ),
    "negative": (_("A negative number makes no sense here."), _("Check the sign.")),
    "too_exact": (
        _("At most %(places)s decimals fit."),
        _("Round the number."),
    ),
    "other_currency": (
        _("The amount is in %(currency)s; amounts are kept in %(own)s."),
        _("Convert it to %(own)s."),
    ),
    "not_a_date": (
        _("This is not a date."),
        _("Write it as year-month-day, such as 2025-01-31."),
    ),
    "no_such_date": (
        _("This day does not exist."),
        _("Check the month and the day; write it as 2025-01-31."),
    ),
    "two_digit_year": (
        _("The year has two digits only."),
        _("Write it with four, such as 2025-01-31."),
    ),
    "day_or_month": (
        _("It is not clear which number is the day and which the month."),
        _("Say for the column whether the day or the month comes first, or write 2025-01-31."),
    ),
    "date_out_of_range": (
        _("The date is not between %(first)s and %(last)s."),
        _("Check the year."),
    ),
    "in_future": (
        _("The date is in the future."),
        _("Only what has happened is imported. Check the year."),
    ),
    "not_yes_or_no": (
        _("This is neither yes nor no."),
        _("Write yes or no (是 or 否)."),
    ),
    "unknown_choice": (
        _("“%(text)s” is not one of the possible entries."),
        _("Choose what it means, or write one of: %(choices)s."),
    ),
    "phone_length": (
        _("The phone number has %(digits)s digits."),
        _("A mobile number in China has 11; a landline number stands with its area code."),
    ),
    "not_a_phone": (
        _("This is not a phone number."),
        _("Write digits only, with + and the country code for numbers abroad."),
    ),
    "several_phones": (
        _("The cell contains several phone numbers."),
        _("Keep one; put the others into columns of their own."),
    ),
    "not_an_email": (
        _("This is not an e-mail address."),
        _("It needs a name, @ and a domain, such as wang@example.com."),
    ),
    "credit_code_length": (
        _("The unified social credit code has %(digits)s characters; it needs 18."),
        _("Compare it with the business licence."),
    ),
    "credit_code_check": (
        _("The check character of the unified social credit code is wrong."),
        _("Compare it with the business licence: a character is mistyped."),
    ),
    "not_a_tax_number": (
        _("This is not a tax number."),
        _("It has 5 to 20 letters and digits."),
    ),
    "unknown_person": (
        _("Nobody is called “%(text)s”."),
        _("Write the name or the user name of a colleague, or create the person first."),
    ),
    "several_persons": (
        _("Several colleagues are called “%(text)s”."),
        _("Write the user name instead."),
    ),
    "unknown_reference": (
        _("There is no %(kind)s “%(text)s”, or you can't see it."),
        _("Check the spelling, import the %(kind)s first, or allow it to be created."),
    ),
    "missing_reference": (
        _("There is no %(kind)s “%(text)s”, or you can't see it."),
        _("Check the spelling, or import the %(kind)s first."),
    ),
    "several_references": (
        _("Several records fit “%(text)s”."),
        _("Write the code instead of the name."),
    ),
    "not_editable": (
        _("A record with this %(key)s exists, and you can't change it."),
        _("Ask its owner or a manager to import this row."),
    ),
    "not_yours_to_assign": (
        _("You can't assign records to this person."),
        _("Leave the cell empty, or ask a manager to import this row."),
    ),
    "taken": (
        _("Another record already has this %(key)s."),
        _("Check which of the two is right."),
    ),
    "several_contacts": (
        _("This customer has several contacts called “%(text)s”."),
        _("Change the right one on the customer's page, or tell them apart by name."),
    ),
    "two_primary": (
        _("Row %(row)s names the main contact of this customer already."),
        _("Leave one main contact for each customer."),
    ),
    "two_for_one_order": (
        _("Order %(order)s has different entries here: “%(text)s” and “%(other)s”."),
        _("All lines of one order need the same customer and the same day."),
    ),
    "before_the_order": (
        _("%(day)s lies before the order date, %(ordered)s."),
        _(
            "Check which of the two dates is mistyped. For what was paid in advance write the order date."
        ),
    ),
}

EXPLANATIONS: dict[str, Explanation] = {**FILE, **ROW, **CELL}
