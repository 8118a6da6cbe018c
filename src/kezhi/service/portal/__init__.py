"""The portal: contacts of customers who sign in by themselves, and what they may see and do there."""
