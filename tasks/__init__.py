"""How Prefect runs each step."""
