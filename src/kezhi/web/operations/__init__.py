"""Pages of who looks after the installation, and of the work that goes on in it."""
