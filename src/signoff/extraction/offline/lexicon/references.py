"""Numbers that documents go by, and dates."""

from __future__ import annotations

from signoff.extraction.offline.lexicon.concepts import Concept, Kind

NUMBERS_AND_DATES: tuple[Concept, ...] = (
    # -- numbers that things go by
    Concept(
        "invoice_number",
        Kind.IDENTIFIER,
        "factuurnummer|factuur nr|número de factura|factura nº|nº factura|numero fattura|fattura n"
        "|numer faktury|faktura nr|nr faktury|inv no|tax invoice number|bill #|doc no|cash bill no"
        "|invoice number|invoice no|invoice #|invoice id|inv no|bill number|bill no|tax invoice no"
        "|rechnungsnummer|rechnungs nr|rechnung nr|rechnungs id|rg nr|re nr|belegnummer|beleg nr"
        "|numéro de facture|facture n°|n° de facture|n° facture|facture numéro|réf facture"
        "|número da fatura|número de fatura|fatura nº|nº da fatura|nº fatura|fatura número"
        "|nota fiscal nº|número da nota|credit note number|credit note no|credit memo no"
        "|gutschriftsnummer|gutschrift nr|rechnungskorrektur nr|n° d'avoir|avoir n°"
        "|nota de crédito nº|document number|document no|dokumentnummer|numéro de document"
        "|nº documento|invoice reference|fatura recibo nº|fatura simplificada nº|statement number",
        "invoice|tax invoice|rechnung|facture|fatura|handelsrechnung|rechnungskorrektur|gutschrift"
        "|credit note|credit memo|avoir|nota de crédito|fatura recibo|fatura simplificada"
        "|nota fiscal|abschlagsrechnung|schlussrechnung|teilrechnung|proforma invoice|bill"
        "|rechnung des versicherers|warenrechnung",
        "number|id|invoice|bill id|doc number|document id|reference number",
    ),
    Concept(
        "receipt_number",
        Kind.IDENTIFIER,
        "receipt number|receipt no|receipt #|receipt id|ticket number|ticket no|ticket n°"
        "|bon nummer|bon nr|kassenbon nr|quittungsnummer|quittung nr|belegnummer|beleg nr"
        "|kassenbeleg"
        "|transaction number|transaction no|transaction id|trans no|trans #|ta nr|trace no|check no"
        "|check #|order #|numéro de ticket|n° ticket|n° de ticket|numéro de reçu|reçu n°"
        "|número do recibo|recibo nº|talão nº|número do talão|fatura simplificada nº"
        "|transaktionsnummer|n° transaction|nº transação|fatura simplificada",
        "receipt|ticket|bon|kassenbon|beleg|quittung|reçu|recibo|talão|trans|transaction|check"
        "|doc no|bill no|invoice no|invoice #|invoice number|inv no|tax invoice no|cash bill no"
        "|slip no|bill #|rechnung nr|rechnungsnummer|facture n°|fatura nº|rechnung",
        "ticket|slip number",
    ),
    Concept(
        "order_number",
        Kind.IDENTIFIER,
        "requisição nº|v encomenda|n encomenda|réf commande|customer po|cust po|bestelnummer"
        "|ordernummer|nº pedido|order number|order no|order id|order #|po number"
        "|po no|p.o. number|p.o. no|po #"
        "|purchase order number|purchase order no|purchase order #|your order no|your order number"
        "|bestellnummer|bestell nr|bestellung nr|ihre bestellnummer|auftragsnummer|auftrags nr"
        "|auftrag nr|ihre bestellung nr|numéro de commande|n° de commande|commande n°|n° commande"
        "|bon de commande n°|votre commande n°|référence commande|número da encomenda|encomenda nº"
        "|nº encomenda|nº da encomenda|número do pedido|pedido nº|nº do pedido|nota de encomenda nº"
        "|ordem de compra nº|vossa encomenda nº",
        "purchase order|order|bestellung|ihre bestellung|auftrag|commande|bon de commande"
        "|votre commande|encomenda|nota de encomenda|pedido|ordem de compra|your order|po"
        "|your reference|ihr zeichen|ihre referenz|votre référence|vossa referência|v/ref",
        "purchase order|order reference|po",
    ),
    Concept(
        "delivery_note_number",
        Kind.IDENTIFIER,
        "delivery note number|delivery note no|delivery note #|delivery number|delivery no"
        "|dispatch note no|packing slip no|packing list no|shipment number|shipment no"
        "|lieferscheinnummer|lieferschein nr|liefernummer|lieferavis|lieferung nr|ls nr"
        "|numéro de bon de livraison|bon de livraison n°|n° de bon de livraison|n° bl|bl n°"
        "|número da guia de remessa|guia de remessa nº|guia de transporte nº|guia nº|nº guia"
        "|número da guia",
        "delivery note|packing slip|packing list|lieferschein|bon de livraison|guia de remessa"
        "|guia de transporte|dispatch note",
        "delivery note|delivery id|dispatch note number",
    ),
    Concept(
        "customer_number",
        Kind.IDENTIFIER,
        "customer number|customer no|customer id|customer #|account number|account no|client no"
        "|customer code|client code|account #|acct no|acct #|customer ref|member no|debitoren nr"
        "|debitor nr|mitgliedsnummer|vertragskonto|compte client|cód cliente|ref cliente"
        "|identificação do cliente|klantnummer|nº de cliente|código de cliente|numero cliente"
        "|client id|cust no|kundennummer|kunden nr|kd nr|ihre kundennummer|kundenkonto"
        "|numéro de client|numéro client|n° client|code client|référence client|compte client"
        "|número de cliente|nº cliente|nº de cliente|código de cliente|código cliente|cliente nº",
        "",
        "client number|account id|debitor number",
    ),
    Concept(
        "supplier_number",
        Kind.IDENTIFIER,
        "supplier number|supplier no|vendor number|vendor no|vendor id|lieferantennummer"
        "|lieferanten nr|lief nr|unsere lieferantennummer|numéro fournisseur|n° fournisseur"
        "|code fournisseur|nº fornecedor|número de fornecedor",
    ),
    Concept(
        "quote_number",
        Kind.IDENTIFIER,
        "quote number|quote no|quotation number|quotation no|offer number|offer no|angebotsnummer"
        "|angebots nr|angebot nr|numéro de devis|devis n°|n° de devis|número do orçamento"
        "|orçamento nº|proposta nº",
        "quotation|angebot|devis|orçamento",
    ),
    Concept(
        "contract_number",
        Kind.IDENTIFIER,
        "contract number|contract no|vertragsnummer|vertrags nr|vertrag nr|numéro de contrat"
        "|n° de contrat|contrat n°|número do contrato|contrato nº|nº contrato",
    ),
    Concept(
        "project_number",
        Kind.IDENTIFIER,
        "project number|project no|projektnummer|projekt nr|numéro de projet|nº projeto"
        "|numéro de dossier|n° de dossier|dossier n°",
    ),
    Concept(
        "reference",
        Kind.IDENTIFIER,
        "reference|reference number|reference no|our reference|ref|our ref|referenz|referenznummer"
        "|unser zeichen|aktenzeichen|référence|notre référence|réf|referência|nossa referência"
        "|verwendungszweck|payment reference|mandatsreferenz|kassenzeichen",
    ),
    Concept(
        "tax_number",
        Kind.IDENTIFIER,
        "steuernummer|steuer nr|st nr|tax number|tax no|tax registration|siret|siren|siret n°"
        "|company number|company reg no|registration number|company registration|handelsregister"
        "|hrb|hrb nr|registergericht|rcs|gläubiger id|handelsregisternummer|gln|wee reg nr|ein"
        "|globale nummer|matrícula|conservatória|capital social|iln|duns",
    ),
    Concept(
        "vat_id",
        Kind.VAT_ID,
        "vat id|vat number|vat no|vat reg no|vat registration number|vat registration no|vat reg"
        "|vat identification number|vat id no|vat tin|tin|gst no|gstin|abn|tax id|tax id number|uid"
        "|ust id|ust id nr|ust idnr|ustid|ustidnr|ust ident nr|umsatzsteuer id"
        "|umsatzsteuer identifikationsnummer|umsatzsteueridentifikationsnummer|mwst nr|uid nr"
        "|uid nummer|ust id nummer|n° tva|numéro de tva|tva intracommunautaire|n° de tva"
        "|n° tva intracommunautaire|numéro de tva intracommunautaire|id tva|tva intra"
        "|n° tva intracom|nif|nipc|contribuinte|contribuinte nº|nº contribuinte|número de iva"
        "|nº iva|número de contribuinte|cnpj|nif nº|n° id tva|btw nr|partita iva|p iva|cif",
        "tva|vat|iva|mwst|ust",
        "tax identifier|vat|vat identification|ust id",
    ),
    # -- dates
    Concept(
        "date",
        Kind.DATE,
        "rg datum|rechn datum|belegdat|factuurdatum|fecha de factura|fecha factura|fecha"
        "|data fattura|data wystawienia|inv date"
        "|bill dt|invoice dt|invoice date|date of invoice|date of issue|issue date|issued"
        "|issued on|invoice dated"
        "|tax point|bill date|billing date|receipt date|purchase date|document date|date issued"
        "|rechnungsdatum|belegdatum|ausstellungsdatum|rechnung vom|datum der rechnung"
        "|gutschriftsdatum|beleg datum|rechnungs datum|erstellt am|date de facture|date facture"
        "|date de la facture|date d'émission|émise le|date du document|en date du"
        "|data da fatura|data de emissão|data fatura|data emissão|emitida em|data do documento"
        "|data da nota|data do recibo|data da compra|kaufdatum|date d'achat|date du ticket"
        "|credit note date|date de l'avoir|statement date",
        "date|datum|data|vom|dated|am",
        "document date|transaction date|day",
    ),
    Concept(
        "due_date",
        Kind.DATE,
        "payment deadline|pay before|zahlbar am|zahlungstermin|règlement le|à régler le|à payer le"
        "|limite de pagamento|pagável até|vervaldatum|fecha de vencimiento|scadenza|data scadenza"
        "|termin płatności|due date|payment due|due on|due by|pay by|payable by|please pay by|due"
        "|fällig|fällig am|fälligkeit|fälligkeitsdatum|zahlbar bis|zahlungsziel|zu zahlen bis"
        "|zahlbar bis zum|fällig bis|fällig zum|zahlungsfrist|bis zum|bis spätestens|zahlung bis"
        "|überweisen sie bis zum|spätestens am|ohne abzug bis|netto bis|date d'échéance|échéance"
        "|à payer avant le|payable le|date limite de paiement|à régler avant le|échéance le"
        "|règlement avant le|payable avant le|date de règlement|data de vencimento|vencimento"
        "|vence em|pagar até|data limite de pagamento|pagamento até|prazo de pagamento até"
        "|data vencimento|total amount due on|amount due on|zahlbar ohne abschlag bis"
        "|zahlbar ohne abzug bis|payment is due|payment due by",
        "zahlbar|bis|avant le|payable|until|até|au plus tard le",
        "payment date|payment deadline|maturity date",
    ),
    Concept(
        "order_date",
        Kind.DATE,
        "order date|date of order|po date|ordered on|purchase order date|bestelldatum"
        "|bestellung vom|auftragsdatum|auftrag datum|bestell datum|ihre bestellung vom"
        "|date de commande|date de la commande|date commande|data da encomenda"
        "|data do pedido|data encomenda|data de encomenda|data pedido",
        "date|datum|data",
        "ordered at",
    ),
    Concept(
        "delivery_date",
        Kind.DATE,
        "delivery date|date of delivery|delivered on|ship date|shipping date|dispatch date"
        "|requested delivery date|delivery requested|required by|required delivery date|deliver by"
        "|date shipped|date of supply|lieferdatum|liefertermin|lieferung am|leistungsdatum"
        "|liefer und leistungsdatum|gewünschter liefertermin|wunschtermin|versanddatum"
        "|lieferschein datum|lieferscheindatum|liefertag|auslieferung|date de livraison"
        "|livraison souhaitée|livraison le|livré le|date d'expédition|date livraison"
        "|livraison souhaitée le|date de livraison souhaitée|data de entrega|data da entrega"
        "|data entrega|entrega em|data de expedição|data da guia|data de carga|entrega até"
        "|data de transporte|delivery by|lieferung bis|liefer leistungszeitraum"
        "|leistungszeitraum|service period|billing period|période|período|date de prestation",
        "delivery|lieferung|livraison|entrega",
        "requested date|shipped at|delivered at",
    ),
)
