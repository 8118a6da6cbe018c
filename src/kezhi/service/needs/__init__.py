"""Needs of customers and requests between departments: who gets them, so that none is passed into nothing."""
