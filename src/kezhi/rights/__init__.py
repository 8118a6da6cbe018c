"""What the law asks of whoever keeps data about people: requests, retention, recipients, breaches."""
