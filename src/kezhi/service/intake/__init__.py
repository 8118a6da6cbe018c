"""How tickets come in and are answered: letters, public forms, pages for customers; nothing is lost."""
