"""What a model call costs, from the price list that ``genai-prices`` ships.

Only the list inside the installed package is used: nothing is downloaded, no updater is started.
"""

from __future__ import annotations

from decimal import Decimal

import genai_prices
from genai_prices.data_snapshot import get_snapshot


def call_cost(
    *,
    model: str,
    base_url: str,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int = 0,
) -> Decimal | None:
    """The cost of one call in US dollars; ``None`` when the server or its model has no price.

    Args:
        model: the model's name as the server gave it.
        base_url: the server called: the same model has different prices at different vendors,
            and none on one's own machine.
        prompt_tokens: all input tokens, cached ones included.
        completion_tokens: all output tokens, reasoning included.
        cached_tokens: the part of ``prompt_tokens`` that the vendor read from its cache.
    """
    usage = genai_prices.Usage(
        input_tokens=prompt_tokens,
        output_tokens=completion_tokens,
        cache_read_tokens=min(cached_tokens, prompt_tokens) or None,
    )
    try:
        price = genai_prices.calc_price(usage, model, provider_api_url=base_url)
    except (LookupError, ValueError):
        return None
    return price.total_price


def load_prices() -> None:
    """Read the list, which otherwise the first call waits for (some tenths of a second)."""
    get_snapshot()
