"""From confirmed data to its destinations: webhooks and AskUI workflows."""
