"""What the tools' inputs have in common: how they are described, and how they name a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, Field

from signoff.documents.model import Box, Document, Page
from signoff.executions.agents import JsonObject
from signoff.extraction.reader import ToolSpec

Name = Literal[
    "top",
    "bottom",
    "left",
    "right",
    "middle",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
]

_NAMED: dict[str, Box] = {
    "top": Box(0, 0, 1, 0.5),
    "bottom": Box(0, 0.5, 1, 1),
    "left": Box(0, 0, 0.5, 1),
    "right": Box(0.5, 0, 1, 1),
    "middle": Box(0, 0.25, 1, 0.75),
    "top-left": Box(0, 0, 0.5, 0.5),
    "top-right": Box(0.5, 0, 1, 0.5),
    "bottom-left": Box(0, 0.5, 0.5, 1),
    "bottom-right": Box(0.5, 0.5, 1, 1),
}

Fraction = Annotated[float, Field(ge=0, le=1)]


class UnusableInputError(ValueError):
    """The input has the right shape and names something that is not there; says so to the model."""


def _box(value: Name | list[float]) -> Name | list[float]:
    if isinstance(value, list) and (value[0] >= value[2] or value[1] >= value[3]):
        raise ValueError("needs left < right and top < bottom")
    return value


Region = Annotated[
    Name | Annotated[list[Fraction], Field(min_length=4, max_length=4)], AfterValidator(_box)
]


class PlaceInput(BaseModel):
    """A page, or a region of it."""

    document: int = Field(default=1, description="The document's number.")
    page: int = Field(description="The page's number in it.")
    region: Region | None = Field(
        default=None,
        description=(
            f"{', '.join(get_args(Name))}; or [left, top, right, bottom] in fractions of the page,"
            " from 0 to 1. Left out: the whole page."
        ),
    )

    @property
    def box(self) -> Box | None:
        """The region in fractions of the page; ``None`` for all of it."""
        if self.region is None:
            return None
        return _NAMED[self.region] if isinstance(self.region, str) else Box(*self.region)

    def __str__(self) -> str:
        whole = f"page {self.page} of document {self.document}"
        return whole if self.region is None else f"region {self.region} of {whole}"


def find_document(documents: Sequence[Document], number: int) -> Document:
    """The document with that number.

    Raises:
        UnusableInputError: there is none.
    """
    for document in documents:
        if document.info.number == number:
            return document
    numbers = ", ".join(str(document.info.number) for document in documents) or "none"
    raise UnusableInputError(f"There is no document {number}; there are: {numbers}.")


def find_page(documents: Sequence[Document], place: PlaceInput) -> tuple[Document, Page]:
    """The document and the page that ``place`` names.

    Raises:
        UnusableInputError: they do not exist.
    """
    document = find_document(documents, place.document)
    count = document.info.page_count
    if not 1 <= place.page <= count:
        raise UnusableInputError(
            f"Document {place.document} has no page {place.page}; its pages are 1 to {count}."
        )
    return document, document.load_page(place.page)


def tool_spec(
    name: str, description: str, model: type[BaseModel], *, pictures: bool = False
) -> ToolSpec:
    """A tool's description, its input's schema without the titles that Pydantic adds."""
    schema: JsonObject = model.model_json_schema()
    return ToolSpec(name, description, _untitled(schema), pictures=pictures)


def _untitled(schema: JsonObject) -> JsonObject:
    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: clean(entry) for key, entry in value.items()}
            if isinstance(kept.get("title"), str):
                del kept["title"]
            return kept
        return [clean(entry) for entry in value] if isinstance(value, list) else value

    cleaned: JsonObject = clean(schema)
    cleaned.pop("description", None)
    return cleaned
