"""Settings: environment variables that start with ``SIGNOFF_``, and their defaults."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
VENDOR_KEY = "OPENAI_API_KEY"
TILING = r"^(tiles|patches:([89]|[1-9]\d{1,2}):[1-9]\d{0,5})$"
DEFAULT_TILING = "patches:32:1536"


class ModelSettings(BaseModel):
    """One model at one server; the defaults are those of the settings' ``SIGNOFF_MODEL_*``."""

    # what was given is not shown when it is wrong: a key may be among it
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, protected_namespaces=()
    )

    url: str = ""
    model: str = "gpt-4.1-mini"
    api_key: SecretStr | None = None
    api_key_env: str = ""
    sees_images: bool = True
    context_tokens: int = Field(default=128_000, gt=0)
    max_output_tokens: int = Field(default=16_384, gt=0)
    max_images: int = Field(default=10, ge=0)
    image_tiling: str = Field(default=DEFAULT_TILING, pattern=TILING)
    timeout: float = Field(default=300, gt=0)
    concurrency: int = Field(default=8, gt=0)


class Settings(BaseSettings):
    """What an operator can set. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNOFF_", extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(
        default=Path("~/.signoff"),
        description="Folder for the database, files and keys where no other place is set.",
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL; SQLite in the home folder by default."
    )
    files_url: str = Field(
        default="", description="fsspec URL of the file store; a folder in home by default."
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Fernet key that encrypts secrets in the database; made in home by default.",
    )

    # the model
    model_url: str = Field(default="", description="Base URL of an OpenAI-compatible server.")
    model_api_key: SecretStr | None = Field(default=None, description="Its key, if it wants one.")
    model: str = Field(default="gpt-4.1-mini", description="The model's name there.")
    model_sees_images: bool = Field(default=True, description="Whether the model takes images.")
    model_timeout: float = Field(
        default=300,
        gt=0,
        description="One model call's deadline. A small model on a CPU may think for minutes"
        " before its first word, and a call that is given up is paid all the same.",
    )
    model_max_output_tokens: int = Field(
        default=16_384, gt=0, description="The longest answer asked for."
    )
    model_context_tokens: int = Field(
        default=128_000, gt=0, description="The model's context; longer documents are cut to it."
    )
    model_max_images: int = Field(default=10, ge=0, description="Page images in one call.")
    model_image_tiling: str = Field(
        default=DEFAULT_TILING,
        pattern=TILING,
        description="How the model cuts up pictures; none is sent larger than it looks at: `tiles`"
        " (of 512 pixels), or `patches:SIDE:MOST` (docs/models.md).",
    )
    model_concurrency: int = Field(
        default=8, gt=0, description="Calls to the model at a time, over all workers."
    )
    model_fallbacks: list[ModelSettings] = Field(
        default_factory=list,
        description="Models to ask, in order, when the one before is out of reach or refuses, as"
        ' JSON: [{"url": "http://127.0.0.1:8080/v1", "model": "qwen", "api_key_env": "QWEN_KEY"}].'
        " Keys: url, model, api_key or api_key_env, sees_images, context_tokens,"
        " max_output_tokens, max_images, image_tiling, timeout, concurrency; what is absent has"
        " the default shown in this table.",
    )
    challenger: ModelSettings | None = Field(
        default=None,
        description="A second model that reads everything independently, as one such JSON object;"
        " values on which the two differ are marked.",
    )
    extraction_timeout: float = Field(default=900, gt=0, description="All model calls together.")
    extraction_tokens: int = Field(
        default=2_000_000, gt=0, description="Tokens that all model calls together may take."
    )
    check_modules: list[str] = Field(
        default_factory=list,
        description='Python modules whose functions checks may call, as JSON: ["our_checks"].',
    )

    # inputs and parsing
    max_input_bytes: int = Field(default=100 * MIB, gt=0, description="All files together.")
    parse_memory: int = Field(default=1024 * MIB, gt=0, description="Memory of a parsing process.")
    parse_timeout: float = Field(default=120, gt=0, description="Wall time of one parsing step.")
    parse_workers: int = Field(
        default=2,
        gt=0,
        description="Pages read by OCR at a time, each in a process; one more serves the rest.",
    )
    embedded_files: bool = Field(
        default=True,
        description="Whether models see data files inside PDFs and mails (an e-invoice's XML).",
    )
    max_pages: int = Field(default=2000, gt=0, description="Pages in one file.")
    max_image_pixels: int = Field(default=500_000_000, gt=0, description="Pixels in one image.")
    max_frames: int = Field(default=20, gt=0, description="Frames read of an animation.")
    ocr_languages: str = Field(default="eng+deu+fra+por", description="Tesseract's languages.")

    # network
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description='Private hosts that may be called, as JSON: ["127.0.0.1:9000", "erp.local"].',
    )
    fetch_timeout: float = Field(default=60, gt=0, description="Fetching one input file by URL.")

    # delivery
    delivery_timeout: float = Field(default=30, gt=0, description="One call to a destination.")
    delivery_attempts: int = Field(default=5, ge=1, description="Calls before giving up.")
    delivery_backoff: float = Field(default=1.0, ge=0, description="First pause between them.")
    delivery_backoff_max: float = Field(default=60.0, ge=0, description="Longest such pause.")

    askui_url: str = Field(
        default="https://workspaces.askui.com",
        description="Base URL for ASKUI_WORKFLOW destinations that are set up over HTTP.",
    )
    askui_token: SecretStr | None = Field(
        default=None, description="The access token that they are given."
    )

    # the HTTP API
    api_host: str = Field(default="127.0.0.1", description="Address that the HTTP API listens on.")
    api_port: int = Field(default=4290, ge=1, le=65535, description="Its port.")
    api_body_seconds: float = Field(
        default=30, gt=0, description="How long a sender may be silent before its body is complete."
    )
    api_body_rate: int = Field(
        default=8192, gt=0, description="Bytes a second at which an upload may always take longer."
    )
    api_sync_seconds: float = Field(
        default=60,
        ge=0,
        description="How long a synchronous execution keeps its caller waiting at most.",
    )

    # running
    work_pool: str = Field(default="signoff", description="Prefect work pool of the deployments.")
    lease_seconds: float = Field(
        default=20, gt=0, description="A run that is silent this long counts as dead."
    )
    reconcile_seconds: float = Field(default=10, gt=0, description="Pause between two rounds.")
    drain_seconds: float = Field(
        default=20,
        ge=0,
        description="How long runs at work may go on when the worker is told to stop. It ends some"
        " seconds later at most; the next worker goes on with what is left.",
    )
    max_attempts: int = Field(
        default=3, ge=1, description="Attempts that may die without an error."
    )

    @model_validator(mode="after")
    def _derive(self) -> Settings:
        self.home = self.home.expanduser()
        self.database_url = self.database_url or f"sqlite:///{self.home / 'signoff.db'}"
        self.files_url = self.files_url or str(self.home / "files")
        return self

    @property
    def models(self) -> tuple[ModelSettings, ...]:
        """The models that read, in order; none: the offline reader reads.

        The first one is configured by ``SIGNOFF_MODEL_URL``, or by a key alone
        (``SIGNOFF_MODEL_API_KEY`` or ``OPENAI_API_KEY``), which means the vendor's own server.
        """
        if not (self.model_url or self.model_api_key or os.environ.get(VENDOR_KEY)):
            return tuple(self.model_fallbacks)
        first = ModelSettings(
            url=self.model_url,
            model=self.model,
            api_key=self.model_api_key,
            sees_images=self.model_sees_images,
            context_tokens=self.model_context_tokens,
            max_output_tokens=self.model_max_output_tokens,
            max_images=self.model_max_images,
            image_tiling=self.model_image_tiling,
            timeout=self.model_timeout,
            concurrency=self.model_concurrency,
        )
        return (first, *self.model_fallbacks)

    @property
    def every_model(self) -> tuple[ModelSettings, ...]:
        """All that may be called, the challenger among them."""
        return (*self.models, *([self.challenger] if self.challenger else []))


@lru_cache
def get_settings() -> Settings:
    """The process's settings, read from the environment once."""
    return Settings()
