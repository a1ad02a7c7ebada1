"""The application: ``uvicorn signoff.api.app:app``, or beside everything in ``signoff serve``."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI

from signoff import __version__, prefect_runs
from signoff.api import agentic, execute, health, request_ids, uploads, workspaces
from signoff.api.auth import Authentication
from signoff.api.description import describe
from signoff.api.dialects import Dialect
from signoff.api.docs import add_docs
from signoff.api.errors import add_handlers
from signoff.api.execute.waiting import Waiting
from signoff.api.limits import Limits
from signoff.api.starting import Starter
from signoff.reconciler import keep_reconciling
from signoff.storage.store import Store, get_store

DIALECTS: tuple[Dialect, ...] = (workspaces.DIALECT, agentic.DIALECT, execute.DIALECT)
ROUTERS: tuple[APIRouter, ...] = (
    workspaces.executions.router,
    workspaces.agents.router,
    agentic.definitions.router,
    agentic.executions.router,
    agentic.files.router,
    execute.executions.router,
)
PATIENT = 40
"""Calls at a time that may wait for a flow run: they must not hold up what is quick."""


def create_app(store: Store | None = None, *, reconciling: bool = True) -> FastAPI:
    """The application over a store, by default the one that the settings name.

    Args:
        store: what to work on; opened, and migrated, when the application starts.
        reconciling: keep executions and flow runs in step, as every process does.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        prefect_runs.use_local_server_by_default()
        app.state.store = store or await to_thread.run_sync(get_store)
        await to_thread.run_sync(uploads.tidy, app.state.store.settings.home)
        app.state.starter = Starter(app.state.store)
        app.state.patient = CapacityLimiter(PATIENT)
        app.state.waiting = Waiting(app.state.store)
        stop = threading.Event()
        if reconciling:
            threading.Thread(
                target=keep_reconciling,
                args=(stop, app.state.store),
                name="reconciliation",
                daemon=True,
            ).start()
        try:
            with request_ids.logged():
                yield
        finally:
            stop.set()
            await app.state.starter.close()

    app = FastAPI(
        title="Signoff",
        version=__version__,
        summary="Documents in, signed-off data out: three dialects over one execution.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # one schema for what comes and what goes, as in the documents
        separate_input_output_schemas=False,
    )
    routers = (health.router, *ROUTERS)
    for router in routers:
        app.include_router(router)
    add_docs(app)
    describe(app, DIALECTS)
    routes = [route for router in routers for route in router.routes]
    add_handlers(app, DIALECTS, routes=routes)
    # the last one added is the first one asked
    app.add_middleware(Authentication, dialects=DIALECTS)
    app.add_middleware(Limits, dialects=DIALECTS)
    app.add_middleware(request_ids.RequestIds)
    return app


app = create_app()
