"""From errors to answers: one table, one handler; each dialect has its own body."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match, Route

from signoff import errors
from signoff.api.dialects import Dialect, dialect_of
from signoff.api.problems import ApiError, FieldProblem
from signoff.api.request_ids import HEADER, current_request_id
from signoff.prefect_runs import PrefectUnavailableError

STATUS_CODES: tuple[tuple[type[errors.SignoffError], int], ...] = (
    (errors.NotFoundError, 404),
    (errors.InvalidInputError, 422),
    (errors.ForbiddenAddressError, 422),
    (errors.InvalidAgentError, 422),
    (errors.AgentNotRunnableError, 422),
    (errors.TransitionNotAllowedError, 409),
    (errors.AnswerRefusedError, 409),
    (errors.LeaseLostError, 409),
    (errors.ExecutionCanceledError, 409),
    (errors.DeliveryFailedError, 400),
    (PrefectUnavailableError, 503),
)
"""What our own errors are over HTTP; a dialect may know better and raise an ApiError itself."""

UNREADABLE = "There was an error parsing the body"
logger = logging.getLogger("signoff.api")


def as_api_error(error: Exception) -> ApiError:
    """The answer that an error stands for."""
    match error:
        case ApiError():
            return error
        case RequestValidationError():
            problems = [_field_problem(entry) for entry in error.errors()]
            return ApiError(422, "The request is not valid.", problems=problems)
        case StarletteHTTPException(status_code=400, detail=detail) if detail == UNREADABLE:
            problem = FieldProblem(("body",), "The body cannot be read.", "body_invalid")
            return ApiError(422, problem.message, problems=[problem])
        case ClientDisconnect():
            return ApiError(400, "The sender went away.")  # nobody reads it
        case StarletteHTTPException():
            return ApiError(error.status_code, str(error.detail), headers=error.headers)
        case errors.SignoffError():
            for kind, status in STATUS_CODES:
                if isinstance(error, kind):
                    return ApiError(status, str(error))
    logger.error("A request failed unexpectedly.", exc_info=error)
    return ApiError(
        500, f"Something went wrong here; the log says what, under {current_request_id()}."
    )


def _methods(routes: Sequence[BaseRoute], request: Request) -> list[str]:
    # the framework knows those of the first route only, and a path may have several
    found = (
        route.methods or set()
        for route in routes
        if isinstance(route, Route) and route.matches(dict(request.scope))[0] is not Match.NONE
    )
    return sorted(set().union(*found))


def _field_problem(entry: dict[str, object]) -> FieldProblem:
    location = entry["loc"]
    assert isinstance(location, tuple | list)
    return FieldProblem(tuple(location), str(entry["msg"]), str(entry["type"]))


def respond(error: ApiError, dialect: Dialect) -> JSONResponse:
    """The answer in the dialect's words."""
    status, body = dialect.render(error)
    headers = dict(error.headers or {})
    if identity := current_request_id():
        # also where no middleware adds it: the answer to an unexpected error
        headers[HEADER] = identity
    return JSONResponse(body, status, headers)


def unauthorized(dialect: Dialect) -> JSONResponse:
    """401, with one challenge for each scheme that the dialect takes."""
    message = "A valid token is needed; make one with: signoff tokens create NAME"
    answer = respond(ApiError(401, message), dialect)
    for challenge in dialect.challenges:
        answer.headers.append("WWW-Authenticate", challenge)
    return answer


def add_handlers(app: FastAPI, dialects: Sequence[Dialect], *, routes: Sequence[BaseRoute]) -> None:
    """Answer every error in the words of the dialect whose path was called.

    Args:
        app: whose errors.
        dialects: all that it speaks.
        routes: all that it serves: what a method that is not allowed may be instead.
    """

    async def handle(request: Request, error: Exception) -> JSONResponse:
        refused = as_api_error(error)
        if refused.status_code == 405:
            refused.headers = {"Allow": ", ".join(_methods(routes, request))}
        return respond(refused, dialect_of(request.url.path, dialects))

    for kind in (
        RequestValidationError,
        StarletteHTTPException,
        errors.SignoffError,
        ClientDisconnect,
        Exception,
    ):
        app.add_exception_handler(kind, handle)
