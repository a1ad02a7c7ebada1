"""Reading with a model: any server that speaks chat completions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from signoff.errors import ModelRefusedError, ModelUnavailableError
from signoff.extraction.models.answers import Answer, split_thinking
from signoff.extraction.models.capabilities import (
    Adaptation,
    Capabilities,
    adapt,
    context_named,
    is_too_long,
)
from signoff.extraction.models.chat_client import (
    ChatClient,
    Patience,
    RequestRefusedError,
    Slot,
    any_slot,
)
from signoff.extraction.models.chat_request import chat_request
from signoff.extraction.models.model_keys import key_of
from signoff.extraction.models.prices import call_cost
from signoff.extraction.models.server_memory import CAPABILITIES, CapabilityCache, ServerMemory
from signoff.extraction.models.server_models import told_of
from signoff.extraction.models.token_probabilities import existing, least_probabilities
from signoff.extraction.models.turn_choice import Choice, NoChoiceError, choose
from signoff.extraction.models.usage import TurnUsage, turn_usage
from signoff.extraction.models.vendor_schema import VendorSchema, translate
from signoff.extraction.prompts.pictures import tiling_of
from signoff.extraction.prompts.prompt import Prompt, build_prompt
from signoff.extraction.reader import REPEATED, SUBMIT, ReaderLimits, Reading, ReadRequest, ToolSpec
from signoff.settings import ModelSettings
from signoff.storage.database import Database

VENDOR = "api.openai.com"
MAX_THOUGHT = 4000
LEAST_CONTEXT = 0.4
"""How far below the configured context a refused prompt is cut: a tokenizer may need more than
our estimate, but where less than this fits, the setting is wrong and the operator is told."""
AFTER_REPETITION = 0.5
"""Temperature of the next try: what is likeliest would be the same again."""
NO_IMAGES = "The model takes no images; it read the text only."
NO_TOOLS = "The model calls no tools; it was asked for the data at once."


class ModelReader:
    """A :class:`~signoff.extraction.reader.Reader` over a chat completions server."""

    def __init__(
        self,
        settings: ModelSettings,
        *,
        source: str = "",
        database: Database | None = None,
        slot: Slot = any_slot,
        longest_pause: float = float("inf"),
        capabilities: CapabilityCache = CAPABILITIES,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read with one model.

        Args:
            settings: server, key, model and its limits.
            source: the setting that names it, where it is not ``SIGNOFF_MODEL_URL``.
            database: where all runs remember what is known of servers.
            slot: taken for each call.
            longest_pause: seconds to wait when the server asks for it; beyond that it is away.
            capabilities: what this process knows of servers.
            backoff: the first pause after an outage, in seconds.
            sleep: how to pause.

        Raises:
            ConfigurationError: an address or a key that cannot be used.
        """
        self._settings = settings
        self._tiling = tiling_of(settings.image_tiling)
        self._longest_pause = longest_pause
        self._chat = ChatClient(
            base_url=settings.url or None,
            api_key=key_of(settings) or "none",
            source=source,
            slot=slot,
            backoff=backoff,
            sleep=sleep,
        )
        self._memory = ServerMemory(
            base_url=self._chat.base_url,
            model=settings.model,
            database=database,
            cache=capabilities,
        )

    @property
    def offline(self) -> bool:
        """A model is behind this reader."""
        return False

    @property
    def name(self) -> str:
        """Which model this is, for the record."""
        return f"{self._settings.model} at {self._chat.host}"

    @property
    def limits(self) -> ReaderLimits:
        """As the settings say, or less where the server says so."""
        context = self._context(self._known())
        return ReaderLimits(context, self._output_tokens(context), self._longest_answer(context))

    def read(self, request: ReadRequest) -> Reading:
        """One answer of the model, its nulls for absent values removed.

        Raises:
            ModelUnavailableError: no answer is to be had now.
            ModelRefusedError: nor will there be one: a refusal (its tokens are on the error), a
                wrong key, an unknown model.
            DeadlineExceededError: ``request.seconds_left`` is used up.
        """
        patience = Patience(
            deadline=time.monotonic() + request.seconds_left,
            call_timeout=self._settings.timeout,
            longest_pause=self._longest_pause,
            should_stop=request.should_stop,
        )
        schema = translate(request.schema)
        known = self._known()
        context = self._context(known)
        given_up: list[str] = []
        while True:
            tools = self._tools(request, known)
            prompt = self._prompt(request, schema, known, context, tools)
            body = chat_request(
                model=self._settings.model,
                messages=prompt.messages,
                schema=schema,
                tools=tools,
                known=replace(
                    known,
                    max_completion_tokens=known.max_completion_tokens or self._at_the_vendor,
                ),
                output_tokens=max(
                    self._output_tokens(context),
                    min(self._longest_answer(context), context - prompt.tokens),
                ),
                temperature=AFTER_REPETITION if _repeated(request) else 0,
            )
            try:
                answer = self._chat.complete(
                    body,
                    patience=patience,
                    memory=self._memory,
                    adaptable=self._can_adapt(known, prompt, schema, context, tools),
                    given_up=given_up,
                )
            except RequestRefusedError as refusal:
                if is_too_long(refusal.message):
                    known, context = self._shorter(known, context, refusal.message)
                    continue
                adaptation = self._adaptation(known, refusal.message, prompt, schema, tools)
                if adaptation is None:  # complete() asked the same question before it raised
                    raise ModelRefusedError(refusal.message) from refusal
                if adaptation.lasting:
                    self._memory.learn(adaptation.capabilities, since=known)
                known = adaptation.capabilities
                continue
            told = Answer.from_json(answer)
            usage = turn_usage(told, prompt_tokens=prompt.tokens, given_up=given_up)
            return self._reading(told, usage, request, prompt, schema, known, tools)

    # -- what is asked ------------------------------------------------------------------------

    def _known(self) -> Capabilities:
        """What is known of the model; the server is asked once what it says of it."""
        known = self._memory.capabilities()
        if known.asked or self._at_the_vendor:
            return known
        try:
            told = told_of(self._settings.model, self._chat.models())
        except ModelUnavailableError:
            return known  # the call itself finds out what is wrong
        found = replace(
            known,
            asked=True,
            images=known.images and told.images is not False,
            context_tokens=known.context_tokens or told.context_tokens,
        )
        self._memory.learn(found, since=known)
        return found

    def _prompt(
        self,
        request: ReadRequest,
        schema: VendorSchema,
        known: Capabilities,
        context: int,
        tools: Sequence[ToolSpec],
    ) -> Prompt:
        structured = known.structured and not tools
        calling = bool(tools) or known.mode.is_tool
        return build_prompt(
            schema=schema.schema if structured else request.schema,
            instructions=request.instructions,
            documents=request.documents,
            input_data=request.input_data,
            earlier=request.earlier,
            # the vendor shows the model the schema itself; others only constrain what it writes
            show_schema=not (structured and self._at_the_vendor),
            context_tokens=context,
            output_tokens=self._output_tokens(context),
            max_images=self._settings.max_images if self._sees(known) else 0,
            tiling=self._tiling,
            pages=request.pages,
            tools=tools,
            pictures=request.pictures,
            ask=f"Call the tool {SUBMIT}" if calling else "Return the JSON object",
        )

    def _tools(self, request: ReadRequest, known: Capabilities) -> list[ToolSpec]:
        if not known.tools:
            return []
        return [tool for tool in request.tools if self._sees(known) or not tool.pictures]

    def _sees(self, known: Capabilities) -> bool:
        return self._settings.sees_images and known.images

    def _context(self, known: Capabilities) -> int:
        return min(self._settings.context_tokens, known.context_tokens or 10**9)

    def _output_tokens(self, context: int) -> int:
        # most of a small context belongs to the documents
        return min(self._settings.max_output_tokens, max(256, context // 4))

    def _longest_answer(self, context: int) -> int:
        # what a short prompt leaves is the answer's, but a model that repeats itself must end
        return min(self._settings.max_output_tokens, max(256, context // 2))

    def _shorter(self, known: Capabilities, context: int, message: str) -> tuple[Capabilities, int]:
        """What to try after a prompt was too long: the context the server names, or less."""
        named = context_named(message)
        if named is not None and named < self._context(known):
            found = replace(known, context_tokens=named)
            self._memory.learn(found, since=known)
            return found, named
        return known, context * 2 // 3

    def _adaptation(
        self,
        known: Capabilities,
        message: str,
        prompt: Prompt,
        schema: VendorSchema,
        tools: Sequence[ToolSpec],
    ) -> Adaptation | None:
        constrained = known.structured and known.constraints and schema.is_constrained
        return adapt(
            known,
            message,
            sent_images=prompt.images > 0,
            sent_tools=bool(tools),
            sent_constraints=constrained and not tools,
        )

    def _can_adapt(
        self,
        known: Capabilities,
        prompt: Prompt,
        schema: VendorSchema,
        context: int,
        tools: Sequence[ToolSpec],
    ) -> Callable[[str], bool]:
        def can_adapt(message: str) -> bool:
            if is_too_long(message):
                named = context_named(message)
                smaller = named is not None and named < self._context(known)
                return smaller or context > self._context(known) * LEAST_CONTEXT
            return self._adaptation(known, message, prompt, schema, tools) is not None

        return can_adapt

    @property
    def _at_the_vendor(self) -> bool:
        return self._chat.host == VENDOR

    # -- what came back -----------------------------------------------------------------------

    def _reading(
        self,
        answer: Answer,
        usage: TurnUsage,
        request: ReadRequest,
        prompt: Prompt,
        schema: VendorSchema,
        known: Capabilities,
        tools: Sequence[ToolSpec],
    ) -> Reading:
        model = answer.model or self._settings.model
        cost = None
        if not usage.estimated:
            cost = call_cost(
                model=model,
                base_url=self._chat.base_url,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cached_tokens=usage.cached_tokens,
            )
        if answer.refusal:
            raise ModelRefusedError(
                f"The model {self._settings.model} refused to answer: {answer.refusal[:500]}",
                model=model,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cost=cost,
            )
        thinking, text = split_thinking(answer.text)
        choice, problem, found = Choice(), "", None
        try:
            choice = choose(answer, text, tools=[tool.name for tool in tools])
            found = choice.data
        except NoChoiceError as error:
            problem, found = str(error), error.begun
            self._learn_from_silence(error, known, tools)
        data = None if found is None else schema.restore(found)
        thoughts = [
            NO_IMAGES if self._settings.sees_images and not known.images else "",
            NO_TOOLS if request.tools and not known.tools else "",
            *prompt.left_out,
            answer.thinking,
            thinking,
            text if found is None and choice.action != SUBMIT else "",
            choice.note,
        ]
        probabilities = least_probabilities(answer.tokens, choice.raw) if choice.raw else {}
        return Reading(
            model=model,
            data=data,
            thought="\n".join(filter(None, thoughts))[:MAX_THOUGHT],
            problem=problem,
            action=choice.action,
            tool_input=choice.tool_input,
            probabilities=existing(probabilities, data or {}),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            tokens_estimated=usage.estimated,
            cost=cost,
        )

    def _learn_from_silence(
        self, error: NoChoiceError, known: Capabilities, tools: Sequence[ToolSpec]
    ) -> None:
        """A server that lets a demanded tool call go unmade does not know tools."""
        if not error.ignored_tools:
            return
        if tools:
            if known.required_tools:
                self._memory.learn(replace(known, tools=False), since=known)
        elif known.mode.is_tool:
            self._memory.learn(replace(known, mode=known.mode.next), since=known)


def _repeated(request: ReadRequest) -> bool:
    """Whether the last answer was stopped since it only repeated itself."""
    return bool(request.earlier) and REPEATED in request.earlier[-1].observation
