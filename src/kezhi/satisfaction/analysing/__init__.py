"""What the responses to surveys say: scores with their intervals, groups, gaps, features, drivers, words.

The database counts and sums; `kezhi.value` says how sure that is. A study (`kezhi.insight.experiencing`)
works it out once and keeps it.
"""
