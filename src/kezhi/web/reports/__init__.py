"""Reports and dashboards: looked at, built, kept, sent."""
