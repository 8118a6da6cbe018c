"""Accounts: people, departments, teams, roles and the company."""
