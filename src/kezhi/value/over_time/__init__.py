"""Value as time goes by: bridge between snapshots, customer equity, cohorts, concentration."""
