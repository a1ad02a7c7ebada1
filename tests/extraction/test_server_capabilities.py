"""Refusals as servers really word them, and what is left out after each."""

from typing import Any

import pytest

from signoff.extraction.models.capabilities import Capabilities, Mode, adapt, context_named
from signoff.extraction.models.server_memory import REMEMBERED_SECONDS, CapabilityCache


@pytest.mark.parametrize(
    "message",
    [
        "This response_format type is unavailable now",
        "Failed to deserialize the JSON body: response_format.type `json_schema` is unavailable",
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this"
        " model.",
        "This model does not support response format `json_schema`",
        "structured output is not supported",
        "body.response_format: Extra inputs are not permitted",
    ],
)
def test_structured_output_unknown_is_remembered(message: str) -> None:
    adaptation = adapt(Capabilities(), message, sent_images=False)
    assert adaptation is not None
    assert adaptation.capabilities == Capabilities(mode=Mode.JSON_OBJECT)
    assert adaptation.lasting


@pytest.mark.parametrize(
    "message",
    [
        "Invalid schema for response_format 'data': In context=(), 'oneOf' is not permitted.",
        "failed to parse grammar",
        'JSON schema conversion failed: Unrecognized schema: {"not":{}}',
    ],
)
def test_schema_refused_holds_for_this_request_only(message: str) -> None:
    adaptation = adapt(Capabilities(), message, sent_images=False)
    assert adaptation is not None
    assert adaptation.capabilities.mode is Mode.JSON_OBJECT
    assert not adaptation.lasting


@pytest.mark.parametrize(
    ("message", "lasting"),
    [
        ("image input is not supported - hint: if this is unexpected, provide the mmproj", True),
        ("Invalid content type. image_url is only supported by certain models.", True),
        ("unknown variant `image_url`, expected `text`", True),
        ("No endpoints found that support image input", True),
        ("stub is not a multimodal model", True),
        ("You uploaded an invalid image. Could not decode it.", False),
    ],
)
def test_images_refused_are_left_out(message: str, lasting: bool) -> None:
    adaptation = adapt(Capabilities(), message, sent_images=True)
    assert adaptation is not None
    assert adaptation.capabilities == Capabilities(images=False)
    assert adaptation.lasting is lasting
    assert adapt(Capabilities(), message, sent_images=False) is None


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("'logprobs' is not supported with this model.", {"logprobs": False}),
        ("body.top_logprobs: Extra inputs are not permitted", {"logprobs": False}),
        ("Unrecognized request argument supplied: stream_options", {"stream_options": False}),
        ("stream_options.include_usage: Extra inputs", {"stream_options": False}),
        ("Streaming is not supported for this model", {"streaming": False}),
        ("this endpoint does not support stream", {"streaming": False}),
    ],
)
def test_what_a_server_does_not_know_is_left_out(message: str, without: dict[str, Any]) -> None:
    adaptation = adapt(Capabilities(), message, sent_images=False)
    assert adaptation is not None
    assert adaptation.capabilities == Capabilities(**without)
    assert adaptation.lasting


@pytest.mark.parametrize(
    ("message", "without", "lasting"),
    [
        ("tool_choice 'required' is not supported", {"required_tools": False}, True),
        ("tools param requires --jinja flag", {"tools": False}, True),
        ("m does not support tools", {"tools": False}, True),
        ("Invalid schema for function 'submit': too deep", {"tools": False}, False),
        ("JSON schema error at #/a: unsupported $ref http://x/y", {"tools": False}, False),
    ],
)
def test_tools_refused_are_left_out(message: str, without: dict[str, Any], lasting: bool) -> None:
    adaptation = adapt(Capabilities(), message, sent_images=False, sent_tools=True)
    assert adaptation is not None
    assert adaptation.capabilities == Capabilities(**without)
    assert adaptation.lasting is lasting


@pytest.mark.parametrize(
    ("message", "tokens"),
    [
        ("request (5031 tokens) exceeds the available context size (2048 tokens)", 2048),
        ("This model's maximum context length is 8192 tokens. However, you asked for 9000", 8192),
        ("maximum context length is 128,000 tokens", 128_000),
        ("Requested tokens (600) exceed context window of 512", 512),
        ("the request exceeds the available context size", None),
    ],
)
def test_context_is_read_out_of_a_refusal(message: str, tokens: int | None) -> None:
    assert context_named(message) == tokens


@pytest.mark.parametrize(
    "message",
    ["boom", "overloaded", "maximum context length is 8192 tokens; max_tokens is 16384", ""],
)
def test_other_errors_leave_nothing_out(message: str) -> None:
    assert adapt(Capabilities(), message, sent_images=True) is None


def test_every_refusal_comes_to_an_end() -> None:
    known, refusals = Capabilities(), 0
    message = "response_format, tools, image_url, temperature, max_tokens: not supported"
    while (adaptation := adapt(known, message, sent_images=known.images)) is not None:
        known, refusals = adaptation.capabilities, refusals + 1
        assert refusals < 20
    assert known.mode is Mode.PLAIN


def test_what_was_learnt_is_forgotten_after_a_while() -> None:
    now = [0.0]
    cache = CapabilityCache(clock=lambda: now[0])
    blind = Capabilities(images=False)
    cache.put("u", "m", blind)
    assert cache.get("u", "m") == blind
    assert cache.get("u", "other") is None
    now[0] = REMEMBERED_SECONDS
    assert cache.get("u", "m") is None
