"""The checks of `tests/security` in full: the tests are the same, only the number of cases is another."""
