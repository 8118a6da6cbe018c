"""How long customers stay, when they buy next, and whether who left is worth winning back."""
