"""``signoff calibrate``: how far an agent's confidence can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signoff.cli.console import AsJson, open_store, out, print_json
from signoff.storage import agents

PICTURES = (".png", ".svg")


def calibrate(
    agent: Annotated[str, typer.Argument(help="The agent's name or id.")],
    plot: Annotated[
        Path | None, typer.Option(help="Write the reliability plot here (.png or .svg).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit an agent's confidence on its reviews, and show how good it is.

    The fit is used from the next extraction on. With too few reviews it is not made, and the
    prior stays.
    """
    # here and not above: what it computes with takes longer to load than most commands to run
    from signoff import calibration

    if plot is not None and plot.suffix.lower() not in PICTURES:
        raise typer.BadParameter("--plot takes a .png or an .svg file")
    store = open_store()
    with store.database.reading() as session:
        revision = agents.find(session, agent, cipher=store.cipher)
    report = calibration.calibrate(store, revision)
    if plot is not None:
        plot.write_bytes(calibration.plot(report, format=plot.suffix.lower().removeprefix(".")))
    if as_json:
        print_json(report)
        return
    for line in calibration.describe(report):
        out.print(line, markup=False)
    out.print()
    for line in calibration.bars(report.shown):
        out.print(line, markup=False)
    if plot is not None:
        out.print(f"The reliability plot is in {plot}.", markup=False)
