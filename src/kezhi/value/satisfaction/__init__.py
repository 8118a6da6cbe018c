"""How sure a figure of a survey is: intervals for shares, means and NPS, comparisons, trends, priorities.

The indices themselves (CSI, NPS, SERVQUAL, Kano) stand in `kezhi.value.surveys`, drivers in
`kezhi.value.drivers`. These functions take counts and sums, so that a database can do the counting.
"""
