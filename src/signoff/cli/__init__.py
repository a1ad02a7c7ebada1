"""The command line: ``signoff --help``."""

from __future__ import annotations

import os

import typer

from signoff.cli import agents, evaluation, executions, quality, services, tokens
from signoff.cli.console import err
from signoff.errors import SignoffError

app = typer.Typer(
    help="Documents in, signed-off data out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(services.serve)
app.command()(executions.run)
app.command("list")(executions.list_executions)
app.command()(executions.show)
app.command()(executions.approve)
app.command()(executions.cancel)
app.command()(executions.retry)
app.command()(evaluation.evaluate)
app.command()(evaluation.export)
app.command("reconcile")(services.reconcile_once)
app.command()(quality.calibrate)
app.add_typer(agents.app, name="agents")
app.add_typer(tokens.app, name="tokens")


def main() -> None:
    """Run the command line; what goes wrong on purpose is one clear message and exit code 1."""
    try:
        app()
    except SignoffError as error:
        err.print(f"[red]Error:[/red] {error}", markup=True, soft_wrap=True)
        raise SystemExit(1) from error
    except BrokenPipeError:
        # somebody closed the pipe (head, less): that is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
