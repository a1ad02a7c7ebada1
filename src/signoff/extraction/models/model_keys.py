"""The key of a model: from the settings, or from the environment variable they name."""

from __future__ import annotations

import os

from signoff.errors import ConfigurationError
from signoff.settings import VENDOR_KEY, ModelSettings


def key_of(model: ModelSettings) -> str:
    """The key to send; ``""`` when there is none.

    Raises:
        ConfigurationError: the environment variable that is to hold it is not set.
    """
    if model.api_key is not None:
        return model.api_key.get_secret_value()
    if model.api_key_env:
        key = os.environ.get(model.api_key_env, "")
        if not key:
            raise ConfigurationError(
                f"The environment variable {model.api_key_env} is not set: it is to hold the key"
                f" of the model {model.model} (api_key_env)."
            )
        return key
    # the vendor's key is for the vendor: no other server gets to see it
    return "" if model.url else os.environ.get(VENDOR_KEY, "")
