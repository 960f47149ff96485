"""Repeatable measurements, printed as a table."""
