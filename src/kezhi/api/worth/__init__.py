"""Customer value by program: offers, tiers by hand, losses, value runs, influence, what was delivered."""
