"""What is promised by when: calendars, levels, rules, the clocks of a ticket, what broke, and the report."""
