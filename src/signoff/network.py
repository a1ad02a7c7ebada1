"""HTTP calls to addresses that others chose: checked on the address really connected to."""
