"""Parties and what is said of them; small words, countries, legal forms."""

from __future__ import annotations

ROLES: dict[str, str] = {
    "seller": "seller|vendor|supplier|sold by|from|issued by|service provider|remit to|merchant"
    "|verkäufer|lieferant|rechnungssteller|absender|auftragnehmer|leistungserbringer|anbieter"
    "|vendeur|fournisseur|émetteur|expéditeur|prestataire|vendedor|fornecedor|emitente|remetente"
    "|prestador|expedidor|store|shop|händler|commerçant|comerciante|an lieferant|supplier name"
    "|lieferfirma",
    "buyer": "buyer|bill to|billed to|bill to address|billing address|invoice to|invoiced to"
    "|sold to"
    "|customer|client|käufer|kunde|käufer leistungsempfänger|leistungsempfänger|auftraggeber"
    "|rechnungsempfänger|rechnungsadresse|rechnungsanschrift|rechnung an|empfänger|besteller"
    "|acheteur|facturé à|facturer à|adresse de facturation|destinataire|donneur d'ordre|client nom"
    "|comprador|cliente|faturar a|faturado a|adquirente|morada de faturação|exmo sr|exmos srs"
    "|destinatário|recipient|customer name|invoice address|adressé à|à l'attention de"
    "|bill to party|exmos senhores|exmo senhor|guest|guest name|gast|hóspede|patient|payable by"
    "|facturado a|facturar a|datos del cliente|intestatario|factuuradres|klant|payer",
    "ship_to": "ship to|deliver to|delivery address|shipping address|delivery to|consignee"
    "|lieferadresse|lieferanschrift|warenempfänger|lieferung an|abweichender warenempfänger"
    "|adresse de livraison|livré à|livrer à|lieu de livraison|morada de entrega|entregar a"
    "|endereço de entrega|local de entrega|local de descarga|anlieferung|shipped to|delivered to"
    "|versandadresse|lieferort",
    # others that must not be taken for one of the above
    "other": "abweichender zahlungsempfänger|steuerbevollmächtigter des verkäufers|payee"
    "|local de carga|ship from|pickup address|abholadresse|returns to",
}
ROLE_NAMES: dict[str, str] = {
    "seller": "company seller business restaurant biller vendor supplier merchant store shop"
    " issuer lieferant verkäufer fournisseur vendeur fornecedor vendedor sender creditor payee"
    " absender emitter provider contractor",
    "buyer": "buyer customer client purchaser recipient kunde käufer acheteur cliente comprador"
    " debtor payer empfänger besteller bill billing billed invoicee payor destinatário destinataire"
    " rechnungsempfänger",
    "ship_to": "ship shipping delivery deliver consignee receiver lieferadresse",
}
PARTY_ATTRIBUTES: dict[str, str] = {
    "name": "name|company|company name|legal name|firma|nom|nome|organisation|organization",
    "address": "address|anschrift|adresse|endereço|morada|full address|postal address|location",
    "street": "street|street address|straße|strasse|rue|rua|address line 1|line1|address line"
    "|street and number|address 1",
    "postal_code": "postal code|postcode|post code|zip|zip code|plz|postleitzahl|code postal"
    "|código postal|cep",
    "city": "city|town|ort|stadt|ville|cidade|localidade|place",
    "country": "country|country code|land|pays|país",
    "vat_id": "vat id|vat number|vat no|vat|tax id|vat identification number|ust id|ust idnr|nif"
    "|numéro de tva|número de contribuinte|tax number|tva",
    "email": "email|e-mail|email address|mail",
    "phone": "phone|telephone|telefon|téléphone|telefone|tel|phone number",
    "iban": "iban",
    "contact": "contact|contact person|contact name|ansprechpartner",
}
# words in the names of a schema's properties that say nothing of what is meant
NAME_NOISE = (
    "field value text info information detail document doc invoice bill receipt rechnung facture"
    " fatura amount price total sum nr id code string iso transaction purchase sale extracted"
    " normalized raw final overall printed betrag gesamt montant valor"
)
ROW_NOISE = "line item product menu row position article"
COUNTRIES: dict[str, str] = {
    "germany": "DE", "deutschland": "DE", "allemagne": "DE", "alemanha": "DE",
    "france": "FR", "frankreich": "FR", "frança": "FR",
    "portugal": "PT", "spain": "ES", "spanien": "ES", "espagne": "ES", "espanha": "ES",
    "austria": "AT", "österreich": "AT", "autriche": "AT", "áustria": "AT",
    "switzerland": "CH", "schweiz": "CH", "suisse": "CH", "suíça": "CH",
    "united kingdom": "GB", "uk": "GB", "great britain": "GB", "england": "GB",
    "royaume-uni": "GB", "vereinigtes königreich": "GB", "reino unido": "GB",
    "usa": "US", "united states": "US", "united states of america": "US", "us": "US",
    "italy": "IT", "italien": "IT", "italie": "IT", "netherlands": "NL", "niederlande": "NL",
    "belgium": "BE", "belgien": "BE", "belgique": "BE", "luxembourg": "LU", "luxemburg": "LU",
    "brazil": "BR", "brasil": "BR", "brésil": "BR", "brasilien": "BR", "ireland": "IE",
    "irland": "IE", "poland": "PL", "polen": "PL", "pologne": "PL", "india": "IN", "china": "CN",
    "hong kong": "HK", "canada": "CA", "denmark": "DK", "sweden": "SE", "norway": "NO",
}  # fmt: skip
LEGAL_FORMS = (
    r"GmbH(?: ?& ?Co\.? ?KG(?:aA)?)?|gGmbH|mbH|UG(?: \(haftungsbeschränkt\))?|AG|KGaA|KG|OHG|GbR"
    r"|e\. ?K\.|eG|e\. ?V\.|a\. ?G\.|Ltd\.?|Limited|LLP|PLC|plc|Inc\.?|LLC|L\.L\.C\.|Corp\.?"
    r"|Corporation|Co\.|SARL|S\.A\.R\.L\.|SAS|SASU|S\.A\.S\.|EURL|SA|S\.A\.|SNC|Lda\.?|LDA"
    r"|Unipessoal Lda\.?|Ltda\.?|S\.L\.|SL|S\.p\.A\.|S\.r\.l\.|Srl|B\.V\.|BV|N\.V\.|ApS|A/S|AB|Oy"
    r"|Pty|Sàrl|SE|Pvt\.?|GMBH|LTD\.?|INC\.?|LIMITED|CORP\.?|Sdn\.? Bhd\.?|SDN\.? ?BHD\.?|S/B"
    r"|Pte\.? Ltd\.?|PTE\.? LTD\.?|PVT\.?|Sp\. ?z ?o\.?o\.?|S\.L\.U\.|V\.O\.F\."
)
_STOP_WORDS = "de du da do das dos d l la le les des the of der die den und et e"
STOP_WORDS = frozenset(_STOP_WORDS.split())
_NUMBER_WORDS = "nr no num numero number nummer nbr"
NUMBER_WORDS = frozenset(_NUMBER_WORDS.split())
LANGUAGE_WORDS: dict[str, str] = {
    "en": "the and invoice of to for date total due your please payment number from is order "
    "address quantity price amount bill tax with delivery receipt customer thank you",
    "de": "und der die das rechnung für mit von ihre datum bitte betrag nr gesamt menge zahlung "
    "vom zum sie wir ist zzgl mwst ust bestellung lieferschein kunde straße steuernummer",
    "fr": "le la les des du et facture pour date votre montant total de commande client nous "
    "prix quantité livraison tva règlement adresse échéance sur à est",
    "pt": "o os da do dos das e fatura para data valor total não cliente iva quantidade preço "
    "encomenda guia morada pagamento nif de com em designação",
}
_TRUE_WORDS = "yes true ja oui sim x ✓ ✔ ☑ ☒ vrai wahr verdadeiro y"
TRUE_WORDS = frozenset(_TRUE_WORDS.split())
_FALSE_WORDS = "no false nein non não nao ☐ faux falsch falso n"
FALSE_WORDS = frozenset(_FALSE_WORDS.split())
CHOICE_SYNONYMS = {
    "cash": "bar|barzahlung|bargeld|espèces|numerário|dinheiro|contado|efectivo",
    "card": "karte|kartenzahlung|ec karte|girocard|visa|mastercard|maestro|amex|carte"
    "|carte bancaire|cb|cartão|multibanco|debit|credit card|debit card|contactless|kontaktlos"
    "|sans contact|kreditkarte|ec cash|bancontact|tarjeta",
    "transfer": "überweisung|bank transfer|virement|transferência|wire transfer|sepa",
    "directdebit": "lastschrift|bankeinzug|prélèvement|débito direto|sepa lastschrift",
}
DOCUMENT_TITLES = {
    "order": "purchase order|order|bestellung|bon de commande|commande|encomenda"
    "|nota de encomenda|pedido|ordem de compra|purchase order no|po no|order no|bestellung nr"
    "|bon de commande n°|nota de encomenda nº|encomenda nº|pedido nº",
    "other": "invoice|tax invoice|rechnung|facture|fatura|delivery note|lieferschein"
    "|bon de livraison|guia de remessa|receipt|quittung|reçu|recibo|credit note|credit memo"
    "|gutschrift|avoir|nota de crédito|handelsrechnung|order confirmation|auftragsbestätigung"
    "|confirmation de commande|packing slip|angebot|quotation|devis|invoice no|rechnung nr"
    "|facture n°|fatura nº|lieferschein nr|bon de livraison n°|guia de remessa nº",
}
