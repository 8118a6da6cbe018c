"""What an administrator needs to sleep well: backups, checks, measurements, slow pages."""
