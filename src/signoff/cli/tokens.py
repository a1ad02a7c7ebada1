"""``signoff tokens``: keys to a workspace over HTTP."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import typer
from rich.table import Table

from signoff.cli.console import AsJson, out
from signoff.executions.agents import AGENT_NAME_PATTERN
from signoff.storage import tokens
from signoff.storage.store import get_store
from signoff.storage.tokens import Token

app = typer.Typer(help="Tokens: keys to one workspace over HTTP.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose token it is, or what for.")],
    workspace: Annotated[
        str, typer.Option(help="The workspace it opens; made when it is missing.")
    ] = "default",
    as_json: AsJson = False,
) -> None:
    """Make a token; its text is shown this once and stored nowhere."""
    if not re.fullmatch(AGENT_NAME_PATTERN, workspace):
        raise typer.BadParameter("use letters, digits, - _ . + and spaces, at most 64")
    with get_store().database.transaction() as session:
        token, text = tokens.create(session, name=name, workspace_name=workspace)
    if as_json:
        typer.echo(json.dumps(_plain(token) | {"token": text}, indent=2))
        return
    out.print(f"Token {token.number} opens the workspace {workspace!r}. It is shown this once:")
    typer.echo(text)


@app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List the tokens, without their texts."""
    with get_store().database.reading() as session:
        found = tokens.every(session)
    if as_json:
        typer.echo(json.dumps([_plain(token) for token in found], indent=2))
        return
    table = Table("#", "name", "workspace", "made", "revoked", box=None, pad_edge=False)
    for token in found:
        revoked = f"{token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else ""
        made = f"{token.created_at:%Y-%m-%d %H:%M}"
        table.add_row(str(token.number), token.name, token.workspace_name, made, revoked)
    out.print(table if found else "No tokens yet. Make one with: signoff tokens create NAME")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The token's number.")], as_json: AsJson = False
) -> None:
    """Let a token open nothing any more."""
    with get_store().database.transaction() as session:
        token = tokens.revoke(session, number)
    if as_json:
        typer.echo(json.dumps(_plain(token), indent=2))
    else:
        out.print(f"Token {token.number} ({token.name}) opens nothing any more.")


def _plain(token: Token) -> dict[str, Any]:
    return {
        "number": token.number,
        "name": token.name,
        "workspace": token.workspace_name,
        "workspace_id": str(token.workspace_id),
        "created_at": token.created_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
    }
