"""What an agent is: what to extract, and what to do with it.

An agent is written as YAML or JSON and validated here; :mod:`signoff.executions.agent_files`
reads the files. Field names in code and YAML are snake_case.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    field_validator,
    model_validator,
)
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from signoff.executions.checks import MAX_CHECKS, Check, check_problems
from signoff.executions.review_policy import ReviewPolicy

JsonObject = dict[str, Any]

MAX_SCHEMA_BYTES = 15 * 1024 * 1024
"""The largest data schema taken, as UTF-8 JSON."""

MAX_FOUND_GOOD = 1000
_found_good: set[tuple[bytes, bool]] = set()
"""Schemas that were checked before, by their hash."""

AGENT_NAME_PATTERN = r"^[a-zA-Z0-9]([a-zA-Z0-9\-_.+ ]{0,62}[a-zA-Z0-9])?$"


class _Strict(BaseModel):
    # an error that shows its input would show secrets, in tracebacks too
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def check_object_schema(schema: JsonObject, *, properties_required: bool = True) -> JsonObject:
    """Return ``schema`` if it is a valid Draft 2020-12 schema whose root is an object.

    Raises:
        ValueError: it is not; the message names the place inside the schema.
    """
    text = json.dumps(schema, ensure_ascii=False).encode()
    if len(text) > MAX_SCHEMA_BYTES:
        raise ValueError(f"is {len(text):,} bytes; at most {MAX_SCHEMA_BYTES:,} are taken")
    # stored agents are read many times for each execution, and checking takes 10 ms and more
    known = (sha256(text).digest(), properties_required)
    if known not in _found_good:
        _check_new_schema(schema, properties_required=properties_required)
        if len(_found_good) >= MAX_FOUND_GOOD:
            _found_good.clear()
        _found_good.add(known)
    return schema


def _check_new_schema(schema: JsonObject, *, properties_required: bool) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the root"
        raise ValueError(
            f"is no valid JSON Schema (2020-12) at {place}: {error.message}"
        ) from error
    if schema.get("type") != "object":
        raise ValueError('needs "type": "object" at its root')
    if properties_required and not schema.get("properties"):
        raise ValueError("needs at least one entry under properties")
    resource = DRAFT202012.create_resource(schema)
    _check_references(resource, Registry().resolver_with_root(resource))


def _check_references(resource: Resource[Any], resolver: Any) -> None:
    for keyword in ("$ref", "$dynamicRef"):
        target = resource.contents.get(keyword) if isinstance(resource.contents, dict) else None
        try:
            if target is not None:
                resolver.lookup(target)
        except Unresolvable as error:
            raise ValueError(
                f"refers to {target!r} ({keyword}), which is not in the schema; what it refers to"
                " belongs under $defs"
            ) from error
    for part in resource.subresources():
        _check_references(part, resolver.in_subresource(part))


ToolName = Literal["view_page", "read_page", "search", "calculate"]


class AgentStatus(StrEnum):
    """Archived agents keep their executions and start no new ones."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class WebhookDestination(_Strict):
    """POST the confirmed data to a URL.

    ``headers`` values and ``secret`` are treated as secrets: encrypted at rest, never shown.
    ``secret`` is a Standard Webhooks signing secret (``whsec_`` and base64).
    """

    type: Literal["WEBHOOK"] = "WEBHOOK"
    url: HttpUrl
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    secret: SecretStr | None = None

    @field_validator("secret")
    @classmethod
    def _signing_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            from standardwebhooks.webhooks import Webhook

            value = secret.get_secret_value()
            message = "must be base64, with or without the prefix whsec_"
            # The library drops characters that are not base64: a password would make another,
            # weaker key, and one that the receiver's library need not arrive at.
            if not re.fullmatch(r"(whsec_)?[A-Za-z0-9+/]+={0,2}", value):
                raise ValueError(message)
            try:
                Webhook(value)
            except Exception as error:
                raise ValueError(message) from error
        return secret


class AskUIWorkflowDestination(_Strict):
    """Start workflows through an AskUI host's schedules endpoint with the confirmed data.

    ``host`` is the base URL of the API; ``token`` is sent as its Basic credential.
    ``workspace_id`` is the workspace there; without it ours is named.
    ``runner_host`` says whose machines run the workflows: AskUI's, or one's own.
    """

    type: Literal["ASKUI_WORKFLOW"] = "ASKUI_WORKFLOW"
    host: HttpUrl
    workspace_id: UUID | None = None
    runner_host: Literal["ASKUI", "SELF"] = "ASKUI"
    runner_tags: list[str] = Field(default_factory=list)
    workflows: list[str] = Field(min_length=1)
    token: SecretStr | None = None


Destination = Annotated[WebhookDestination | AskUIWorkflowDestination, Field(discriminator="type")]
DESTINATION: TypeAdapter[WebhookDestination | AskUIWorkflowDestination] = TypeAdapter(Destination)


class EmailTrigger(_Strict):
    """Mails to ``address`` that land in an inbox folder start this agent."""

    active: bool = False
    address: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    allowed_senders: list[Annotated[str, Field(pattern=r"^[^@\s]*@[^@\s]+$")]] = Field(
        default_factory=list,
        description="Addresses, or @domain for a whole domain; an empty list allows anyone.",
    )

    def allows(self, sender: str) -> bool:
        """Whether a mail from ``sender`` may start the agent."""
        sender = sender.casefold()
        allowed = [entry.casefold() for entry in self.allowed_senders]
        return not allowed or any(
            sender == entry or (entry.startswith("@") and sender.endswith(entry))
            for entry in allowed
        )


class ExecutionType(_Strict):
    """A named way to start the agent, with the shape of its input data."""

    key: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")
    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    input_schema: JsonObject = Field(default_factory=lambda: {"type": "object"})
    instructions: str = ""

    @field_validator("input_schema")
    @classmethod
    def _object_schema(cls, schema: JsonObject) -> JsonObject:
        return check_object_schema(schema, properties_required=False)


class Agent(_Strict):
    """One revision of an agent's definition, as the user wrote it."""

    name: str = Field(pattern=AGENT_NAME_PATTERN)
    workspace: str = Field(default="default", pattern=AGENT_NAME_PATTERN)
    description: str = ""
    status: AgentStatus = AgentStatus.ACTIVE
    data_schema: JsonObject | None = None
    instructions: str = Field(default="", max_length=100_000)
    checks: list[Check] = Field(default_factory=list, max_length=MAX_CHECKS)
    review: ReviewPolicy = ReviewPolicy()
    destinations: list[Destination] = Field(default_factory=list)
    execution_types: list[ExecutionType] = Field(default_factory=list)
    file_uploads: bool = True
    email_trigger: EmailTrigger | None = None
    failure_codes: dict[Annotated[str, Field(min_length=1, max_length=64)], str] = Field(
        default_factory=dict, description="The agent's own failure codes and what they mean."
    )
    max_corrections: int = Field(
        default=3, ge=0, le=20, description="Correction cycles after a first failed answer."
    )
    tools: list[ToolName] = Field(
        default_factory=list, description="What the model may use besides submitting data."
    )
    page_pictures: Literal["all", "needed"] = Field(
        default="all",
        description="Which pages a model that sees is shown as pictures too: all of them, or those"
        " that show more than their text layer says.",
    )
    show_examples: bool = Field(
        default=False,
        description="Show the model the schema's examples and defaults, which small ones copy.",
    )

    @field_validator("data_schema")
    @classmethod
    def _data_schema(cls, schema: JsonObject | None) -> JsonObject | None:
        return None if schema is None else check_object_schema(schema)

    @model_validator(mode="after")
    def _unique_keys(self) -> Agent:
        keys = [kind.key for kind in self.execution_types]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"execution_types: the key {twice[0]!r} appears twice")
        return self

    @model_validator(mode="after")
    def _checks_fit_the_schema(self) -> Agent:
        if problems := list(check_problems(self.checks, self.data_schema)):
            raise ValueError("\n".join(problems))
        return self

    @model_validator(mode="after")
    def _review_fits_the_schema(self) -> Agent:
        self.review.check_against(self.data_schema, {check.name for check in self.checks})
        return self

    def execution_type(self, key: str | None) -> ExecutionType | None:
        """The execution type called ``key``; without a key the first one, if there is any.

        Raises:
            KeyError: there is no such type.
        """
        if key is None:
            return self.execution_types[0] if self.execution_types else None
        for kind in self.execution_types:
            if kind.key == key:
                return kind
        raise KeyError(key)
