"""Invoices and receipts made up at random, with what a reader should find on them."""
