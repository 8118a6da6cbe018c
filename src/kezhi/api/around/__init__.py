"""What programs read and do around the records: people, search, work, the log, sharing, duplicates."""
