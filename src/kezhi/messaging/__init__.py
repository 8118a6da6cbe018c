"""What leaves the company and what comes to it: the outbox, mail, webhooks, and notices to its own people."""
