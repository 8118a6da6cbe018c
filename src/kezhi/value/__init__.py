"""The engine: what customers are worth. Tables and numbers in, frozen results out.

No Django, no database, no clock, no language. Heavy libraries are imported where they are used.
The way through: `summary` (one row per customer) → `potential` (models of buying and spending,
chosen on a hold-out) → `realised` → `index` (one score of many measures) → `tiers`, `classes`,
`matrix`. `measure` runs the whole of it.
Beside it: `influence` and `costs` (what customers bring through others, and cost), `offers`, `over_time`,
`lifetime` and `economics` (how value moves, how long customers stay, what keeping them is worth).
"""
