"""What models are told: rules, schema, documents within a budget, and earlier turns."""
