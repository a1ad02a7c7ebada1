"""What a made-up document is about: who sells what to whom, for how much."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

_COMPANIES = {
    "en": "Harbor Light|Blue Fern|Oakridge|Summit Peak|Brightwater|Kestrel & Moss|Tallgrass",
    "de": "Nordlicht|Eichental|Werkhof Brandt|Falkenberg & Söhne|Rheinquell|Blaustein|Morgenrot",
    "fr": "Au Petit Jardin|Ateliers Lenoir|Maison Verdier|Les Trois Chênes|Bâtisud|Clair de Lune",
    "pt": "Casa do Mar|Serralves & Filhos|Oficinas Tejo|Pomar Verde|Azulejos Norte",
}
_TRADES = {
    "en": "Supplies|Consulting|Hardware|Design Studio|Logistics|Foods|Marine|Media",
    "de": "Elektrotechnik|Handel|Bürobedarf|Gartenbau|IT-Service|Druckerei|Möbel",
    "fr": "Services|Distribution|Conseil|Menuiserie|Traiteur|Électricité",
    "pt": "Comércio|Serviços|Construções|Informática|Alimentar|Transportes",
}
_FORMS = {
    "en": "Inc.|LLC|Ltd|Ltd.|Corp.|Co.|",
    "de": "GmbH|AG|GmbH & Co. KG|e.K.|UG (haftungsbeschränkt)|",
    "fr": "SARL|SAS|SA|EURL|",
    "pt": "Lda.|S.A.|Unipessoal Lda|, Lda|",
}
_PEOPLE = {
    "en": "Mary Cole|James Whitfield|Priya Shah|Owen Clarke|Laura Benson",
    "de": "Anna Berger|Jens Krüger|Sabine Vogt|Thomas Weiß|Miriam Adler",
    "fr": "Claire Dubois|Jean Lefèvre|Amélie Roux|Paul Garnier",
    "pt": "Ana Ferreira|João Carvalho|Rita Nogueira|Miguel Sousa",
}
_STREETS = {
    "en": "Main Street|Oak Avenue|Market St|Elm Road|Harbour Way|Sunset Blvd|Mill Lane",
    "de": "Hauptstraße|Lindenweg|Am Markt|Bahnhofstr.|Gartenallee|Schulstraße|Kirchgasse",
    "fr": "rue de la Paix|avenue Victor Hugo|boulevard Carnot|chemin des Vignes|place du Marché",
    "pt": "Rua das Flores|Avenida da República|Travessa do Poço|Rua Augusta|Largo da Sé",
}
_TOWNS = {
    "US": "Austin, TX 78701|Portland, OR 97205|Boston, MA 02110|Denver, CO 80202|Salem, OR 97301",
    "GB": "London EC1A 4HD|Leeds LS1 4AP|Bristol BS1 5TR|York YO1 9TJ",
    "DE": "10115 Berlin|80331 München|50667 Köln|04109 Leipzig|70173 Stuttgart|20095 Hamburg",
    "FR": "75011 Paris|69002 Lyon|44000 Nantes|31000 Toulouse|59000 Lille",
    "PT": "1200-109 Lisboa|4050-253 Porto|3000-150 Coimbra|8000-076 Faro",
}
_GOODS = {
    "en": "Oak desk 160 cm|Web design|Paper A4 80 g|LED bulb E27|Consulting on site|Steel bolts M8"
    "|Annual licence, 5 seats|Printer toner black|Office chair Flex|Delivery and set-up"
    "|USB-C cable 2 m|Whiteboard marker, set of 4|Monthly hosting plan|Safety gloves size 9",
    "de": "Schreibtisch Eiche 160 cm|Beratung vor Ort|Kopierpapier A4|Tonerkassette schwarz"
    "|Montage und Anfahrt|LED-Lampe E27|Bürostuhl Flex|Wartung Heizungsanlage|Druck Broschüren"
    "|Schrauben M8, 100 Stück|Hosting-Paket|Arbeitshandschuhe Gr. 9",
    "fr": "Bureau en chêne 160 cm|Conseil sur site|Papier A4 80 g|Ampoule LED E27|Pose et réglage"
    "|Cartouche d'encre noire|Chaise de bureau|Entretien annuel|Impression de brochures"
    "|Vis inox M8|Hébergement mensuel",
    "pt": "Secretária em carvalho|Consultoria no local|Papel A4 80 g|Lâmpada LED E27|Montagem"
    "|Toner preto|Cadeira de escritório|Manutenção anual|Impressão de folhetos|Parafusos M8"
    "|Alojamento web mensal",
}
_DISHES = {
    "en": "Caesar Salad|Club Sandwich|Flat White|House Burger|Lemonade|Milk 2L|Bread Wholemeal"
    "|Eggs Large 12|Cheddar Cheese|Nasi Goreng|Ice Tea|Chicken Rice|Mineral Water 500ML",
    "de": "Schnitzel Wiener Art|Apfelschorle 0,4|Espresso|Käsespätzle|Vollmilch 1L|Bananen|Bergkäse"
    "|Roggenbrot|Butter 250g|Mineralwasser|Tomaten",
    "fr": "Croque-monsieur|Café crème|Salade niçoise|Baguette|Lait demi-écrémé|Comté AOP"
    "|Eau minérale|Menu du jour|Tarte aux pommes",
    "pt": "Bacalhau à Brás|Café|Pastel de nata|Sopa do dia|Leite meio-gordo|Pão de forma|Maçãs"
    "|Água 1,5L|Queijo fresco|Bitoque",
}
_COUNTRIES = {"en": ("US", "US", "GB"), "de": ("DE",), "fr": ("FR",), "pt": ("PT",)}
_CURRENCIES = {"US": "USD", "GB": "GBP", "DE": "EUR", "FR": "EUR", "PT": "EUR"}
_RATES = {"US": (8, 6), "GB": (20,), "DE": (19, 7), "FR": (20, 10), "PT": (23, 6)}
_UNITS = {"en": "pcs|hrs|kg", "de": "Stk|Std|kg", "fr": "u|h|kg", "pt": "un|h|kg"}


@dataclass
class Party:
    """A company or a person with an address."""

    name: str
    street: str
    town: str
    vat_id: str
    iban: str
    phone: str
    email: str

    @property
    def address(self) -> str:
        """Street and town in one line."""
        return f"{self.street}, {self.town}"


@dataclass
class Item:
    """One line of the list."""

    description: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal
    rate: int
    code: str


@dataclass
class Facts:
    """Everything that a document may say; ``shown`` is what it does say, filled while drawing."""

    language: str
    country: str
    currency: str
    vendor: Party
    buyer: Party
    ship: Party
    number: str
    order: str
    customer: str
    date: datetime.date
    due: datetime.date
    time: str
    items: list[Item]
    discount: Decimal
    shipping: Decimal
    cash: Decimal
    sign: int = 1
    shown: dict[str, object] = field(default_factory=dict)

    def taxes(self) -> dict[int, tuple[Decimal, Decimal]]:
        """Net and tax by rate; discount and shipping count at the first rate."""
        table: dict[int, Decimal] = {}
        for item in self.items:
            table[item.rate] = table.get(item.rate, Decimal(0)) + item.amount
        first = next(iter(table))
        table[first] += self.shipping - self.discount
        return {
            rate: (net, (net * rate / 100).quantize(CENT, ROUND_HALF_UP))
            for rate, net in table.items()
        }

    @property
    def lines_total(self) -> Decimal:
        """The sum of the lines."""
        return sum((item.amount for item in self.items), Decimal(0))

    @property
    def net(self) -> Decimal:
        """The total before tax."""
        return sum((net for net, _ in self.taxes().values()), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """The tax."""
        return sum((tax for _, tax in self.taxes().values()), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.tax

    def show(self, name: str, value: object) -> None:
        """Note that the document says this."""
        self.shown[name] = value


def _pick(text: str, source: random.Random) -> str:
    return source.choice(text.split("|"))


def _digits(count: int, source: random.Random) -> str:
    return "".join(source.choice("0123456789") for _ in range(count))


def iban(country: str, source: random.Random) -> str:
    """An IBAN with right check digits."""
    account = _digits({"DE": 18, "FR": 23, "PT": 21}.get(country, 18), source)
    country = country if country in ("DE", "FR", "PT") else "DE"
    numeric = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    return f"{country}{98 - int(numeric) % 97:02}{account}"


def _vat_id(country: str, source: random.Random) -> str:
    return {
        "US": f"{_digits(2, source)}-{_digits(7, source)}",
        "GB": f"GB{_digits(9, source)}",
        "DE": f"DE{_digits(9, source)}",
        "FR": f"FR{_digits(11, source)}",
        "PT": f"5{_digits(8, source)}",
    }[country]


def _party(language: str, country: str, source: random.Random, *, person: bool = False) -> Party:
    form = _pick(_FORMS[language], source)
    name = f"{_pick(_COMPANIES[language], source)} {_pick(_TRADES[language], source)} {form}"
    name = name.replace(" ,", ",").strip()
    if person:
        name = _pick(_PEOPLE[language], source)
    number = source.randint(1, 180)
    road = _pick(_STREETS[language], source)
    street = {
        "de": f"{road} {number}",
        "pt": f"{road}, {number}",
        "fr": f"{number} {road}",
        "en": f"{number} {road}",
    }[language]
    word = "".join(char for char in name.casefold().split()[0] if char.isascii() and char.isalpha())
    phone = {
        "US": f"({_digits(3, source)}) 555-{_digits(4, source)}",
        "GB": f"+44 20 7946 {_digits(4, source)}",
        "DE": f"+49 30 {_digits(7, source)}",
        "FR": f"01 {_digits(2, source)} {_digits(2, source)} {_digits(2, source)} 12",
        "PT": f"+351 21{_digits(7, source)}",
    }[country]
    return Party(
        name=name,
        street=street,
        town=_pick(_TOWNS[country], source),
        vat_id=_vat_id(country, source),
        iban=iban(country, source),
        phone=phone,
        email=f"info@{word or 'office'}-{source.choice(['shop', 'group', 'online'])}.com",
    )


def _number(source: random.Random, year: int) -> str:
    return source.choice(
        [
            f"INV-{_digits(5, source)}",
            f"{year}-{_digits(4, source)}",
            f"RE{year}{_digits(4, source)}",
            f"{source.randint(1, 9)}{_digits(5, source)}",
            f"F{year % 100}/{_digits(4, source)}",
            f"{_digits(3, source)}.{_digits(4, source)}",
            f"A{_digits(6, source)}",
            f"FT {year}/{source.randint(10, 999)}",
        ]
    )


def _item(language: str, country: str, source: random.Random, *, retail: bool) -> Item:
    quantity = Decimal(source.choice(["1", "1", "1", "2", "3", "5", "10", "2.5", "0.5", "24"]))
    if retail:
        quantity = Decimal(source.choice(["1", "1", "1", "1", "2", "3"]))
    high = 1_500 if retail else 60_000
    price = Decimal(source.randint(90, source.choice([900, high]))) / 100
    if source.random() < 0.5:
        price = (price * 20).to_integral_value() / 20
    price = price.quantize(CENT)
    rates = _RATES[country]
    several = country in ("DE", "FR", "PT") and source.random() < 0.3
    return Item(
        description=_pick((_DISHES if retail else _GOODS)[language], source),
        quantity=quantity,
        unit=_pick(_UNITS[language], source),
        price=price,
        amount=(price * quantity).quantize(CENT, ROUND_HALF_UP),
        rate=rates[1] if several else rates[0],
        code=f"{source.choice('ABKPX')}{_digits(4, source)}",
    )


def make_facts(source: random.Random, *, language: str, retail: bool = False) -> Facts:
    """Facts of one document."""
    country = source.choice(_COUNTRIES[language])
    day = datetime.date(2023, 1, 1) + datetime.timedelta(days=source.randint(0, 1200))
    count = source.choice([1, 2, 2, 3, 4, 5, 7, 9])
    items: list[Item] = []
    while len(items) < count:
        item = _item(language, country, source, retail=retail)
        if item.description not in [other.description for other in items]:
            items.append(item)
    facts = Facts(
        language=language,
        country=country,
        currency=_CURRENCIES[country],
        vendor=_party(language, country, source),
        buyer=_party(language, country, source, person=source.random() < 0.25),
        ship=_party(language, country, source),
        number=_number(source, day.year),
        order=f"{source.choice(['PO-', '45', 'B-', ''])}{_digits(6, source)}",
        customer=f"{source.choice(['', 'K', 'C-'])}{_digits(5, source)}",
        date=day,
        due=day + datetime.timedelta(days=source.choice([7, 14, 30])),
        time=f"{source.randint(8, 21):02}:{source.randint(0, 59):02}",
        items=items,
        discount=Decimal(0),
        shipping=Decimal(0),
        cash=Decimal(0),
    )
    if source.random() < 0.15 and facts.lines_total > 20:
        facts.discount = (facts.lines_total / 10).quantize(CENT)
    if source.random() < 0.15 and not retail:
        facts.shipping = Decimal(source.randint(400, 3000)) / 100
    facts.cash = (facts.gross / 10).to_integral_value() * 10 + 10
    return facts
