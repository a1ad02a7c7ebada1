"""What an agent's checks say of extracted data."""

from signoff.extraction.checks.run import run_checks as run_checks
