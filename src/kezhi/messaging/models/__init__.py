"""The tables of messaging, one file per kind."""
