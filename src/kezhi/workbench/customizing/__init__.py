"""What the company adds to the kinds of record without code: fields, formulas, layouts."""
