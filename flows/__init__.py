"""The flows."""
