"""Measuring an agent: read documents whose data is known, and say how much of it was right."""
