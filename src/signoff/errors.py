"""Every error that Signoff raises on purpose.

Each class carries the failure code that an execution records (the table is
:data:`signoff.executions.failures.FAILURE_CODES`); each message says what was wrong, with
which file or field, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from decimal import Decimal

    from signoff.executions.extractions import Extraction


class SignoffError(Exception):
    """Root of all our errors.

    Attributes:
        code: the failure code recorded on the execution.
        retryable: whether the same attempt may succeed later without anyone changing anything.
    """

    code: ClassVar[str] = "runtime_error"
    retryable: ClassVar[bool] = False


class ConfigurationError(SignoffError):
    """A setting is missing or wrong; the message names it."""


class NotFoundError(SignoffError):
    """No agent, execution or file goes by that name or id."""


# -- inputs ---------------------------------------------------------------------------------


class InvalidInputError(SignoffError):
    """Files or input data were refused before anything was read."""

    code = "invalid_inputs"


class UnsupportedFileError(InvalidInputError):
    """The extension is not taken, or the content contradicts it."""

    code = "unsupported_file"


class InputsTooLargeError(InvalidInputError):
    """All files of an execution together exceed the limit."""

    code = "inputs_too_large"


class InputUnavailableError(InvalidInputError):
    """A path or URL could not be read."""

    code = "input_unavailable"
    retryable = True


class ForbiddenAddressError(SignoffError):
    """A URL leads into a private, loopback or link-local network that is not allowed."""

    code = "forbidden_address"


class UnreadableFileError(SignoffError):
    """A file passed validation but could not be parsed (encrypted, broken, hostile)."""

    code = "unreadable_file"


# -- agents ---------------------------------------------------------------------------------


class InvalidAgentError(SignoffError):
    """An agent's definition is wrong; the message names file and field."""

    code = "invalid_agent"


class NameTakenError(InvalidAgentError):
    """Another agent of the workspace has that name."""


class AgentNotRunnableError(SignoffError):
    """The agent is archived, or has no data schema yet."""

    code = "agent_not_runnable"


# -- extraction -----------------------------------------------------------------------------


class ModelUnavailableError(SignoffError):
    """No configured model answered: outage, rate limit, wrong key, refusal.

    A refusal may have been paid for: ``model``, tokens and cost say what was.
    """

    code = "model_unavailable"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        model: str = "",
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        cost: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.model = model
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.cost = cost


class ModelRefusedError(ModelUnavailableError):
    """The model or its server said no and will again: wrong key, unknown model, a refusal."""

    retryable = False


class UnfinishedExtractionError(SignoffError):
    """The extraction ended without data that passes; ``best`` is the best attempt, if any."""

    def __init__(self, message: str, *, best: Extraction | None = None) -> None:
        super().__init__(message)
        self.best = best


class DeadlineExceededError(UnfinishedExtractionError):
    """The time an execution may take is used up."""

    code = "timeout"


class TokenLimitError(UnfinishedExtractionError):
    """The tokens an execution may take are used up."""

    code = "token_limit"


class MaxRetriesExceededError(UnfinishedExtractionError):
    """The model's answers failed validation after the last correction cycle."""

    code = "max_retries_exceeded"


class ValidationFailedError(SignoffError):
    """A check rejected the data without allowing a retry."""

    code = "validation_failed"


# -- states, review, delivery ---------------------------------------------------------------


class TransitionNotAllowedError(SignoffError):
    """The table of transitions does not allow this step."""

    code = "transition_not_allowed"


class AnswerRefusedError(SignoffError):
    """A review answer came too late, or its data does not meet the agent's schema."""

    code = "answer_refused"


class InvalidDataError(AnswerRefusedError):
    """Data that a person gave does not meet the agent's schema.

    ``problems`` are JSON pointers into the data, each with what is wrong there.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{pointer or 'data'}: {text}" for pointer, text in problems))
        self.problems = problems


class DeliveryFailedError(SignoffError):
    """A destination could not be reached or refused the data."""

    code = "delivery_failed"


class LeaseLostError(SignoffError):
    """Another attempt holds the execution's lease now; this one must not act any more."""

    code = "lease_lost"


class ExecutionCanceledError(SignoffError):
    """The execution was canceled while it was being worked on."""

    code = "canceled"
