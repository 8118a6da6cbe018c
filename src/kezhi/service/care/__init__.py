"""Customer care: what we do for customers because of who they are and what happened, never to sell."""
