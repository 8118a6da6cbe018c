"""Assistants: the Model Context Protocol over HTTP and standard input, by the tokens and rules of the API."""
