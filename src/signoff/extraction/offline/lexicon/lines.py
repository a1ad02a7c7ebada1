"""Headings of the columns of line items."""

from __future__ import annotations

from signoff.extraction.offline.lexicon.concepts import Concept, Kind

LINE_CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "position",
        Kind.NUMBER,
        "pos|position|no|nr|s no|sl no|sr no|item no|line|ligne|linha|#|item #|lfd nr|line no"
        "|zeile|pos nr",
        "",
        "line number|line no|position number|item",
    ),
    Concept(
        "description",
        Kind.TEXT,
        "description|item description|product name|article name|items"
        "|particulars|goods|description of goods|beschreibung|bezeichnung"
        "|artikelbezeichnung|leistung|produktbeschreibung"
        "|leistungsbeschreibung"
        "|warenbezeichnung|désignation|libellé|produit|prestation|désignation des articles"
        "|description des articles|descrição|designação|serviço|produkt beschreibung"
        "|designação do artigo|descrição do artigo|artikelbeschreibung|ware|bezeichnung der ware"
        "|position beschreibung|omschrijving|descripción|concepto|descrizione|nazwa",
        "item|text|title|details|service|product|article|artikel|produkt|artigo|produto|produit",
        "name|label|item name|text|nm|product title|bezeichnung",
    ),
    Concept(
        "quantity",
        Kind.NUMBER,
        "quantity|qty|qt|qtt|quan|pcs|pieces|mng|aantal|cantidad|quantità|ilość|qty ordered|ordered"
        "|delivered|quantity ordered|quantity delivered|units|count"
        "|menge|anzahl|stück|bestellmenge|liefermenge|gelieferte menge|geliefert|bestellt|stk|mge"
        "|quantité|qté|quantité livrée|quantité commandée|qte|nombre|nb|quantidade|qtd|qtde|quant"
        "|qty shipped|shipped|qtd entregue|hours|stunden|heures|horas|std|livré|commandé",
        "",
        "amount ordered|number of units|cnt|count|qty",
    ),
    Concept(
        "unit",
        Kind.TEXT,
        "unit|uom|unit of measure|einheit|me|mengeneinheit|einh|unité|unidade|un|u.m.|vke|und"
        "|unid|unidades|units of measure|eenheid|unidad|unità",
    ),
    Concept(
        "unit_price",
        Kind.MONEY,
        "unit price|price|prijs|precio|prezzo|cena|stukprijs|u price|price per unit|price each"
        "|rate|each|unit cost|net price|cost|unit net"
        "|einzelpreis|stückpreis|preis|e-preis|ep|einzelpreis netto|nettopreis|vk preis|ep netto"
        "|preis pro einheit|preis je einheit|preis einheit|stk preis|prix unitaire|p.u.|pu|p.u. ht"
        "|pu ht|prix unitaire ht|prix unit|prix u|prix|preço unitário|preço|preço unit|p. unit"
        "|p. unitário|valor unitário|preço un|pr unitário|preço unitário sem iva|list price",
        "",
        "price|net unit price|unit net price",
    ),
    Concept(
        "amount",
        Kind.MONEY,
        "amount|line total|bedrag|importe|importo|wartość|amt|total amt|total|line amount"
        "|net amount|total price|extended price|sum|net|value"
        "|amount excl vat|total excl vat|total net|gesamtpreis|gesamt|betrag|summe|gesamtbetrag"
        "|nettobetrag|zeilenbetrag|nettowert|netto|gesamtpreis netto|gp|g-preis|positionsbetrag"
        "|positions betrag|betrag netto|wert|positionsbetrag ohne ust|zeilenbetrag ohne mwst"
        "|montant|montant ht|total ht|prix total|total|prix ht|montant total|total ligne"
        "|montant net"
        "|valor|valor total|montante|total líquido|preço total|total s/ iva|total sem iva|importe"
        "|price w/o tax|ext price|gesamt netto|gesamt eur|betrag eur|total eur|total chf|betrag chf"
        "|line value|amount eur|amount gbp|amount usd|total gbp|montant eur|valor eur",
        "",
        "line total|line amount|total price|net amount|line net amount|total|price total|subtotal",
    ),
    Concept(
        "article_number",
        Kind.IDENTIFIER,
        "article number|article no|item number|item no|item code|sku|product code|part number"
        "|part no|code|stock code|catalog no|material|artikelnummer|artikel nr|art nr|art no|ean"
        "|gtin"
        "|materialnummer|material nr|bestell nr|art nr lief|art nr lieferant|art nr kunde|artikelnr"
        "|référence|réf|code article|référence article|ref|réf article|referência|código"
        "|código artigo|cód|referência artigo|ref artigo|cód artigo|teilenummer|teile nr|isbn",
        "artikel|artigo|article|item|product|produkt|produto",
        "sku|item id|product id|part number|code|article id|article",
    ),
    Concept(
        "tax_rate",
        Kind.PERCENT,
        "vat|vat %|vat rate|tax|tax %|tax rate|taxes|mwst|mwst %|mwst satz|ust|ust %|steuersatz"
        "|steuer|tva|tva %|taux tva|taux|iva|iva %|taxa iva|taxa|gst|steuer %",
        "",
        "vat rate|tax percent|vat percent",
    ),
    Concept(
        "discount",
        Kind.PERCENT,
        "discount|disc|disc %|rabatt|rabatt %|rem|remise|desc|desconto|remise %|desc %|nachlass",
    ),
    Concept(
        "line_date",
        Kind.DATE,
        "date|datum|data|delivery date|liefertermin|lieferdatum|date de livraison|data de entrega"
        "|termin",
        "",
        "service date|delivery date",
    ),
    Concept(
        "batch",
        Kind.IDENTIFIER,
        "batch|batch no|lot|lot no|charge|chargennummer|chargen nr|lot n°|n° de lot|lote|nº lote"
        "|serial number|serial no|seriennummer|serien nr|n° de série|número de série",
        "",
        "batch number|lot number|serial number",
    ),
)
