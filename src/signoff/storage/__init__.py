"""The record: database tables, the one place that changes them, and the file store."""
