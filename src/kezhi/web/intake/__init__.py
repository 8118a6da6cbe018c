"""Public forms and pages of tickets for customers, and the settings of how tickets come in."""
