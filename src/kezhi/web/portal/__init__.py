"""The customers' own pages, under /portal/: another shell, another cookie, another sort of actor."""
