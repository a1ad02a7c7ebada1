"""How one made-up document writes things: its wordings, amounts, dates, and its sheet."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal

from benchmarks.generated.facts import Facts
from benchmarks.generated.wording import wording
from sample_inputs.making.sheet import Sheet

MADE = datetime(2026, 1, 1, tzinfo=UTC)
_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro"
    " dezembro",
}


class Paper:
    """One document being printed."""

    def __init__(
        self,
        facts: Facts,
        source: random.Random,
        *,
        held_out: bool,
        size: tuple[float, float] = (210, 297),
        family: str = "",
    ) -> None:
        self.facts, self.source, self.held_out = facts, source, held_out
        family = family or source.choice(["Helvetica", "Helvetica", "Times"])
        self.sheet = Sheet(MADE, size=size, family=family)
        self.sheet.add_page()
        self.width, self.height = size
        self._words: dict[str, str] = {}
        english = facts.language == "en"
        self._place = source.choice(["before", "none"] if english else ["after", "none", "code"])
        self._date_style = source.randrange(6)
        self._group = source.random() < 0.8
        if self._place != "none":
            facts.show("currency", facts.currency)

    def word(self, name: str, **values: object) -> str:
        """This document's wording of a thing."""
        if name not in self._words:
            self._words[name] = wording(
                self.facts.language, name, self.source, held_out=self.held_out
            )
        return self._words[name].format(**values) if values else self._words[name]

    def plain(self, value: Decimal, places: int = 2) -> str:
        """An amount without its currency."""
        text = f"{value:,.{places}f}"
        if not self._group:
            text = text.replace(",", "")
        if self.facts.language == "en":
            return text
        group = " " if self.facts.language == "fr" else "."
        return text.replace(",", "G").replace(".", ",").replace("G", group)

    def money(self, value: Decimal) -> str:
        """An amount as this document writes it."""
        text = self.plain(abs(value))
        minus = "-" if value < 0 else ""
        if self._place == "before":
            return f"{minus}{_SIGNS[self.facts.currency]}{text}"
        if self._place == "after":
            return f"{minus}{text} {_SIGNS[self.facts.currency]}"
        if self._place == "code":
            return f"{minus}{text} {self.facts.currency}"
        return minus + text

    def quantity(self, value: Decimal) -> str:
        """A count."""
        return self.plain(value, 0 if value == value.to_integral_value() else 1)

    def day(self, day: date) -> str:
        """A date as this document writes it."""
        language, style = self.facts.language, self._date_style
        month = _MONTHS[language].split()[day.month - 1]
        if language == "en" and self.facts.country == "US":
            forms = [
                f"{day:%m/%d/%Y}", f"{month} {day.day}, {day.year}", f"{day:%m/%d/%y}",
                f"{day:%Y-%m-%d}", f"{month[:3]} {day.day}, {day.year}", f"{day:%d-%b-%Y}",
            ]  # fmt: skip
        elif language == "en":
            forms = [
                f"{day:%d/%m/%Y}", f"{day.day} {month} {day.year}", f"{day:%d/%m/%y}",
                f"{day:%Y-%m-%d}", f"{day.day} {month[:3]} {day.year}", f"{day:%d.%m.%Y}",
            ]  # fmt: skip
        elif language == "de":
            forms = [
                f"{day:%d.%m.%Y}", f"{day.day}. {month} {day.year}", f"{day:%d.%m.%y}",
                f"{day:%Y-%m-%d}", f"{day:%d.%m.%Y}", f"{day.day}.{day.month}.{day.year}",
            ]  # fmt: skip
        else:
            of = " de " if language == "pt" else " "
            forms = [
                f"{day:%d/%m/%Y}", f"{day.day}{of}{month}{of}{day.year}", f"{day:%d/%m/%y}",
                f"{day:%d-%m-%Y}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}",
            ]  # fmt: skip
        return forms[style]

    def tax_lines(self) -> list[tuple[str, Decimal]]:
        """Label and amount of each rate's tax."""
        table = self.facts.taxes()
        label = self.word("tax")
        if len(table) > 1 and "{rate}" not in label:
            label += " {rate}%"
        return [(label.format(rate=rate), tax) for rate, (_, tax) in table.items()]

    def seller(self) -> list[str]:
        """The seller's name and address in lines."""
        vendor = self.facts.vendor
        self.facts.show("vendor_name", vendor.name)
        self.facts.show("vendor_address", vendor.address)
        return [vendor.name, vendor.street, vendor.town]

    def contact(self) -> list[str]:
        """Lines of phone, e-mail and tax id."""
        vendor, source = self.facts.vendor, self.source
        found = []
        if source.random() < 0.7:
            found.append(f"{self.word('phone')}: {vendor.phone}")
            self.facts.show("vendor_phone", vendor.phone)
        if source.random() < 0.7:
            found.append(f"{self.word('email')}: {vendor.email}")
            self.facts.show("vendor_email", vendor.email)
        if self.facts.country != "US" or source.random() < 0.3:
            found.append(f"{self.word('vat_id')}: {vendor.vat_id}")
            self.facts.show("vendor_vat_id", vendor.vat_id)
        return found

    def bank(self) -> list[str]:
        """Lines of the bank account; none in the United States."""
        if self.facts.country == "US":
            return []
        number = self.facts.vendor.iban
        self.facts.show("vendor_iban", number)
        grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return [f"{self.word('iban')}: {grouped}", f"{self.word('bic')}: BELADEBEXXX"]

    def buyer(self) -> list[str]:
        """The buyer's name and address in lines."""
        buyer = self.facts.buyer
        self.facts.show("buyer_name", buyer.name)
        self.facts.show("buyer_address", buyer.address)
        return [buyer.name, buyer.street, buyer.town]

    def particulars(self) -> list[tuple[str, str]]:
        """Number, dates and references with their labels, in the order of this document."""
        facts, source = self.facts, self.source
        facts.show("number", facts.number)
        facts.show("date", facts.date.isoformat())
        found = [(self.word("number"), facts.number), (self.word("date"), self.day(facts.date))]
        if source.random() < 0.7:
            facts.show("due", facts.due.isoformat())
            found.append((self.word("due"), self.day(facts.due)))
        if source.random() < 0.5:
            facts.show("order", facts.order)
            found.append((self.word("order"), facts.order))
        if source.random() < 0.5:
            facts.show("customer", facts.customer)
            found.append((self.word("customer"), facts.customer))
        if source.random() < 0.3:
            source.shuffle(found)
        return found

    def sums(self) -> list[tuple[str, Decimal]]:
        """The totals with their labels, the last is what is to be paid."""
        facts = self.facts
        found: list[tuple[str, Decimal]] = []
        if facts.discount:
            found.append((self.word("discount"), -facts.discount))
        if facts.shipping:
            found.append((self.word("shipping"), facts.shipping))
        found.append((self.word("net"), facts.net))
        found += self.tax_lines()
        found.append((self.word("gross"), facts.gross))
        for name in ("net", "tax", "gross"):
            facts.show(name, getattr(facts, name) * facts.sign)
        return [(label, value * facts.sign) for label, value in found]
