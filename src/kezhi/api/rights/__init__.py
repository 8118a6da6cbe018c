"""What programs read and do for the rights of people: consents, judgement, requests, incidents, holds."""
