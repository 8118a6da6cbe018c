"""The tables of data rights, one file per kind."""
