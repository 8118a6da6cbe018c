"""Complaints: from the first word to the summary, in ten steps that leave nothing out."""
