"""Potential value: what customers will probably buy, how much they spend, what that is worth.

A model *is* its parameters: frozen, comparable, stored as JSON. Fitting returns the model beside
its diagnostics (`fitting.Fit`) and raises `fitting.CannotFit` where the data can't carry it.
"""
