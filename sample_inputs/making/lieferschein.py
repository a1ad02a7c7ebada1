"""A German delivery note from a merchandise system of the nineties: columns, in Latin-1."""

from __future__ import annotations

from making.amounts import german, item, number

NAME = "delivery-note/lieferschein.txt"

SUPPLIER = "Getränke Möller GmbH & Co. KG"
RECIPIENT = "Gasthof Zum Grünen Bären"
WIDTH = 78

ITEMS = [
    item("100210", "Mineralwasser still 12 x 0,75 l", "40", "Kst", "0"),
    item("100340", "Apfelschorle naturtrüb 20 x 0,5 l", "24", "Kst", "0"),
    item("204115", "Weißbier hell, Fass 30 l", "6", "Fass", "0"),
    item("204220", "Kölsch, Fass 50 l", "2", "Fass", "0"),
    item("310007", "Holunderblütensirup 1 l", "18", "Fl", "0"),
    item("310044", "Rhabarbersaft 6 x 1 l", "12", "Kst", "0"),
    item("905001", "Kohlensäureflasche 10 kg (Tausch)", "3", "St", "0"),
    item("980100", "Bierdeckel, bedruckt", "2500", "St", "0"),
]


def make() -> bytes:
    """The text file."""
    rule = "-" * WIDTH
    lines = [
        SUPPLIER.upper().replace("GMBH", "GmbH"),
        "Getränkegroßhandel seit 1958",
        "Mühlenstraße 112 - 32756 Detmold - Tel. 05231 5550-0",
        "=" * WIDTH,
        "",
        "Empfänger:",
        _pair(RECIPIENT, "Lieferschein-Nr.", "LS-0047731"),
        _pair("Inh. Jürgen Schäfer", "Lieferdatum", "12.10.2026"),
        _pair("Am Kirchbrink 3", "Kunden-Nr.", "11806"),
        _pair("32825 Blomberg", "Bestellnummer", "B2026-1187"),
        _pair("", "Tour / Fahrer", "14 / Yildirim"),
        "",
        "",
        "L I E F E R S C H E I N",
        "",
        f"{'Pos':>3}  {'Artikelnummer':<13}  {'Bezeichnung':<38} {'Menge':>8}  {'Einheit':<7}",
        rule,
    ]
    for position, line in enumerate(ITEMS, 1):
        quantity = german(line.quantity, 0)
        lines.append(
            f"{position:>3}  {line.article:<13}  {line.description:<38} {quantity:>8}  {line.unit}"
        )
    lines += [
        rule,
        "",
        f"{'Packstücke:':<16}{'94':>10}",
        f"{'Bruttogewicht:':<16}{'2.118,4':>10} kg",
        "",
        "Leergut zurück:   31 Kästen, 5 Fässer",
        "",
        "Ware vollständig und unbeschädigt erhalten:",
        "",
        "",
        "_______________________          ____________________________________",
        "Datum                            Unterschrift Empfänger",
        "",
        f"{SUPPLIER}, Sitz Detmold, Amtsgericht Lemgo HRA 20555",
        "Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum.",
        "",
    ]
    return "\r\n".join(line.rstrip(" ") for line in lines).encode("latin-1")


def expected() -> dict[str, object]:
    """What the note says."""
    return {
        "delivery_note_number": "LS-0047731",
        "delivery_date": "2026-10-12",
        "order_number": "B2026-1187",
        "supplier": SUPPLIER,
        "recipient": RECIPIENT,
        "weight_kg": 2118.4,
        "lines": [
            {
                "article": line.article,
                "description": line.description,
                "quantity": number(line.quantity),
            }
            for line in ITEMS
        ],
    }


def _pair(left: str, label: str, value: str) -> str:
    return f"{left:<44}{label + ':':<19}{value}"
