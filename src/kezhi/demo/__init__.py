"""远航供应链, a company that lives: one seed, one "today", one story.

`world` imagines it from the seed alone, without a database; `build` puts it into an empty installation.
"""
