"""The index system as people edit it: drafts, judgements, comparison with the one in force, publication."""
