"""``python -m signoff.api``: the HTTP API as ``signoff serve`` runs it."""

from signoff.api.server import run

if __name__ == "__main__":
    run()
