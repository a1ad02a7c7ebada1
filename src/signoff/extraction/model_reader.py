"""Reading with a model: any server that speaks chat completions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from signoff.errors import ModelRefusedError
from signoff.executions.agents import JsonObject
from signoff.extraction.answers import Answer, NoJsonObjectError, find_object, split_thinking
from signoff.extraction.capabilities import (
    CAPABILITIES,
    Capabilities,
    CapabilityCache,
    Mode,
    adapt,
    is_too_long,
)
from signoff.extraction.chat_client import ChatClient, RequestRefusedError
from signoff.extraction.prices import call_cost
from signoff.extraction.prompt import Prompt, build_prompt
from signoff.extraction.reader import CUT_OFF, ReaderLimits, Reading, ReadRequest
from signoff.extraction.vendor_schema import VendorSchema, translate
from signoff.settings import Settings

TOOL = "submit"
MAX_THOUGHT = 4000
LEAST_CONTEXT = 0.4
"""How far below the configured context a refused prompt is cut: a tokenizer may need more than
our estimate, but where less than this fits, the setting is wrong and the operator is told."""
NO_IMAGES = "The model takes no images; it read the text only."


class ModelReader:
    """A :class:`~signoff.extraction.reader.Reader` over a chat completions server."""

    def __init__(
        self,
        settings: Settings,
        *,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
        capabilities: CapabilityCache = CAPABILITIES,
    ) -> None:
        """Read with the model that ``settings`` name.

        Args:
            settings: server, key, model and its limits.
            backoff: the first pause after an outage, in seconds.
            sleep: how to pause.
            capabilities: what is known of servers; the process's by default.
        """
        self._settings = settings
        self._capabilities = capabilities
        self._chat = ChatClient(
            base_url=settings.model_url or None,
            api_key=_api_key(settings),
            backoff=backoff,
            sleep=sleep,
        )

    @property
    def offline(self) -> bool:
        """A model is behind this reader."""
        return False

    @property
    def limits(self) -> ReaderLimits:
        """As the settings say."""
        context = self._settings.model_context_tokens
        return ReaderLimits(context, self._output_tokens(context))

    def read(self, request: ReadRequest) -> Reading:
        """One answer of the model, its nulls for absent values removed.

        Raises:
            ModelUnavailableError: no answer is to be had now.
            ModelRefusedError: nor will there be one: a refusal, a wrong key, an unknown model.
            DeadlineExceededError: ``request.seconds_left`` is used up.
        """
        deadline = time.monotonic() + request.seconds_left
        schema = translate(request.schema)
        known = self._capabilities.get(self._chat.base_url, self._settings.model)
        context_tokens = self._settings.model_context_tokens
        while True:
            prompt = self._prompt(request, schema, known, context_tokens)
            try:
                answer = self._chat.complete(
                    self._body(prompt, schema, known, context_tokens),
                    deadline=deadline,
                    call_timeout=self._settings.model_timeout,
                    adaptable=self._can_adapt(known, prompt, context_tokens),
                )
            except RequestRefusedError as refusal:
                if is_too_long(refusal.message):
                    context_tokens = context_tokens * 2 // 3
                    continue
                adaptation = adapt(known, refusal.message, sent_images=prompt.images > 0)
                if adaptation is None:  # complete() asked the same question before it raised
                    raise ModelRefusedError(refusal.message) from refusal
                known = adaptation.capabilities
                if adaptation.lasting:
                    self._remember(known)
                continue
            return self._reading(Answer.from_json(answer), prompt, schema, known)

    def _prompt(
        self,
        request: ReadRequest,
        schema: VendorSchema,
        known: Capabilities,
        context_tokens: int,
    ) -> Prompt:
        settings = self._settings
        structured = known.mode is Mode.JSON_SCHEMA
        sees = settings.model_sees_images and known.images
        return build_prompt(
            schema=schema.schema if structured else request.schema,
            instructions=request.instructions,
            documents=request.documents,
            input_data=request.input_data,
            earlier=request.earlier,
            # the vendor shows the model the schema itself; others only constrain what it writes
            show_schema=not (structured and self._at_the_vendor),
            context_tokens=context_tokens,
            output_tokens=self._output_tokens(context_tokens),
            max_images=settings.model_max_images if sees else 0,
            ask=f"Call the tool {TOOL}" if known.mode.is_tool else "Return the JSON object",
        )

    def _body(
        self, prompt: Prompt, schema: VendorSchema, known: Capabilities, context_tokens: int
    ) -> JsonObject:
        body: JsonObject = {"model": self._settings.model, "messages": prompt.messages}
        newer = known.max_completion_tokens or self._at_the_vendor
        limit = "max_completion_tokens" if newer else "max_tokens"
        body[limit] = self._output_tokens(context_tokens)
        if known.temperature:
            body["temperature"] = 0
        if known.mode is Mode.JSON_SCHEMA:
            wanted = {"name": "data", "schema": schema.schema, "strict": schema.strict}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif known.mode is Mode.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
        elif known.mode.is_tool:
            function = {
                "name": TOOL,
                "description": "Submit the data read from the documents.",
                "parameters": schema.schema,
            }
            forced = {"type": "function", "function": {"name": TOOL}}
            body["tools"] = [{"type": "function", "function": function}]
            body["tool_choice"] = forced if known.mode is Mode.FORCED_TOOL else "auto"
        return body

    def _reading(
        self, answer: Answer, prompt: Prompt, schema: VendorSchema, known: Capabilities
    ) -> Reading:
        if answer.refusal:
            raise ModelRefusedError(
                f"The model {self._settings.model} refused to answer: {answer.refusal[:500]}"
            )
        data, problem = None, ""
        thinking, text = split_thinking(answer.text)
        try:
            data = schema.restore(self._data(answer, text))
        except NoJsonObjectError as error:
            problem = str(error)
            if known.mode.is_tool and not answer.cut_off:
                self._remember(replace(known, mode=known.mode.next))
        blind = self._settings.model_sees_images and not known.images
        thoughts = [NO_IMAGES if blind else "", *prompt.left_out, answer.thinking, thinking]
        return Reading(
            model=answer.model or self._settings.model,
            data=data,
            thought="\n".join(filter(None, thoughts))[:MAX_THOUGHT],
            problem=problem,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cost=call_cost(
                model=answer.model or self._settings.model,
                base_url=self._chat.base_url,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                cached_tokens=answer.cached_tokens,
            ),
        )

    def _data(self, answer: Answer, text: str) -> JsonObject:
        if answer.cut_off:
            raise NoJsonObjectError(
                CUT_OFF
                + (f" after {answer.completion_tokens} tokens" if answer.completion_tokens else "")
                + ", before the JSON object was complete. Write it compactly, without"
                " indentation, and leave out what the schema does not ask for."
            )
        if not answer.tool_arguments and not text:
            raise NoJsonObjectError("The answer was empty. Return the JSON object.")
        return find_object(answer.tool_arguments or text)

    def _remember(self, known: Capabilities) -> None:
        self._capabilities.put(self._chat.base_url, self._settings.model, known)

    @property
    def _at_the_vendor(self) -> bool:
        return urlsplit(self._chat.base_url).hostname == "api.openai.com"

    def _output_tokens(self, context_tokens: int) -> int:
        # most of a small context belongs to the documents
        return min(self._settings.model_max_output_tokens, max(256, context_tokens // 4))

    def _can_adapt(
        self, known: Capabilities, prompt: Prompt, context_tokens: int
    ) -> Callable[[str], bool]:
        def can_adapt(message: str) -> bool:
            if is_too_long(message):
                return context_tokens > self._settings.model_context_tokens * LEAST_CONTEXT
            return adapt(known, message, sent_images=prompt.images > 0) is not None

        return can_adapt


def _api_key(settings: Settings) -> str:
    if settings.model_api_key is not None:
        return settings.model_api_key.get_secret_value()
    # the vendor's key is for the vendor: no other server gets to see it
    key = "" if settings.model_url else os.environ.get("OPENAI_API_KEY", "")
    return key or "none"
