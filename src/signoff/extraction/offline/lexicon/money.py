"""Totals, bank details, terms, and what stands around the goods."""

from __future__ import annotations

from signoff.extraction.offline.lexicon.concepts import Concept, Kind

MONEY_AND_TERMS: tuple[Concept, ...] = (
    # -- money
    Concept(
        "total_gross",
        Kind.MONEY,
        "grand total|total amount|total due|amount due|total amount due|invoice total"
        "|total incl vat"
        "|total including vat|total inc vat|total incl tax|gross total|total gross|gross amount"
        "|total payable|amount payable|invoice amount|total to pay|total including tax"
        "|total for this invoice|final total|total incl gst|total inclusive gst|total gst incl"
        "|total vat incl|total tax incl|total incl|net total incl gst"
        "|total sales inclusive gst|total sales incl gst|total amt rounded|total rounded"
        "|rounded total"
        "|total rm|nett total|total amount rm|total amt incl gst|total payable rm|total sales"
        "|totaal|totaalbedrag|totaal te betalen|te betalen|totaal incl btw|importe total"
        "|total factura|total con iva|totale fattura|totale documento|totale da pagare|do zapłaty"
        "|razem brutto|totale|total a pagar eur"
        "|gesamtbetrag|rechnungsbetrag|bruttobetrag|endbetrag|gesamtsumme"
        "|bruttosumme|gesamt brutto|summe brutto|gesamtbetrag brutto|rechnungssumme brutto"
        "|betrag brutto|gesamtbetrag inkl mwst|total inkl mwst|rechnungsendbetrag|zu zahlen"
        "|zu zahlender betrag|rechnungssumme|brutto|total brutto|total ttc|montant ttc"
        "|montant total ttc|net à payer|total à payer|montant total|total général|montant dû"
        "|montant à payer|net à payer ttc|prix ttc|total toutes taxes comprises|total a pagar"
        "|valor total|total geral|total com iva|valor a pagar|total da fatura|total líquido a pagar"
        "|total documento|total do documento|montante total|total eur|total chf|total usd|total gbp"
        "|total fatura|total iva incluído|total inkl|order total|auftragssumme|bestellsumme"
        "|gesamtwert|total commande|total encomenda|gesamtpreis brutto|gesamtbetrag eur"
        "|summe eur|total r$",
        "total|summe|gesamt|betrag|zahlbetrag|balance due|montant|soma|valor|amount|ttc|sum"
        "|balance|gesamtpreis|total price|order value|bestellwert|payment amount|kartenzahlung"
        "|betrag eur|prix total",
        "total|amount|total price|total value|gross|total with tax|sum",
    ),
    Concept(
        "total_net",
        Kind.MONEY,
        "total excl gst|total excluding gst|total excl of gst|subtotaal|totaal excl btw"
        "|base imponibile"
        "|totale imponibile|imponibile|suma netto|razem netto|total sin iva|total sales excl gst"
        "|subtotal|sub total|net total|total net|net amount|total excl vat|total excluding vat"
        "|total ex vat|amount excl vat|total excl tax|total before tax|amount before tax|net value"
        "|total net amount|total without vat|taxable amount|goods total|nettobetrag|zwischensumme"
        "|summe netto|nettosumme|gesamt netto|gesamtbetrag netto|netto|betrag netto|warenwert netto"
        "|rechnungssumme ohne ust|rechnungssumme netto|gesamtnetto|netto gesamt|total netto"
        "|zwischensumme netto|summe ohne mwst|total exkl mwst|nettowarenwert|total ht|montant ht"
        "|sous total|sous total ht|montant total ht|total hors taxes|total hors taxe|net ht"
        "|base ht|total net ht|montant hors taxes|base imponible|total sem iva|total líquido"
        "|valor líquido|total ilíquido|base tributável|incidência|valor sem iva|total mercadoria"
        "|base de incidência|soma líquida|total s/ iva|total sem imposto|nettowert",
        "net|ht|nettopreis|positionssumme|warenwert|summe positionen|basisbetrag|base|subtotal eur",
        "net|total before tax|total without tax|tax base|total net amount",
    ),
    Concept(
        "total_tax",
        Kind.MONEY,
        "total gst|gst amount|gst payable|btw|totaal btw|cuota iva|totale iva|importo iva|kwota vat"
        "|total tax|tax total|total vat|vat total|vat amount|tax amount|sales tax|total taxes"
        "|umsatzsteuer gesamt|ust gesamt|mwst betrag|mwst gesamt|steuerbetrag|ust betrag"
        "|gesamt mwst|gesamt ust|summe mwst|summe ust|mehrwertsteuerbetrag|umsatzsteuerbetrag"
        "|gesamtsteuer|enthaltene mwst|enthaltene mehrwertsteuer|zzgl mwst|zzgl ust|inkl mwst"
        "|zuzüglich umsatzsteuer|zuzüglich mwst|plus mwst|darin mwst|steuerbetrag in|total tva"
        "|montant tva|montant de la tva|tva totale|dont tva|total taxe|total iva|valor do iva"
        "|iva total|valor iva|montante iva|total do iva|total imposto|imposto total|total de iva"
        "|incl vat|including vat|vat included|includes vat",
        "tax|vat|gst|mwst|ust|mehrwertsteuer|umsatzsteuer|steuer|tva|taxe|taxes|iva|imposto|hst"
        "|impostos|mwst satz",
        "tax|vat|tax value|total vat amount",
    ),
    Concept(
        "carried_forward",
        Kind.MONEY,
        "carried forward|brought forward|carry over|carried over|brought over|carry forward"
        "|total carried forward|amount carried forward|balance forward"
        "|übertrag|seitenübertrag|zwischenübertrag|zwischensumme seite"
        "|à reporter|report|reporté|a transportar|transporte|saldo anterior|page total",
    ),
    Concept(
        "discount",
        Kind.MONEY,
        "discount|total discount|rabatt|nachlass|gesamtrabatt|remise|total remise|desconto"
        "|total desconto|skonto|escompte|gesamtbetrag der abschläge|rechnungsrabatt",
        "rebate|allowance",
    ),
    Concept(
        "shipping",
        Kind.MONEY,
        "shipping|shipping cost|delivery charge|freight|postage|shipping and handling|versand"
        "|versandkosten|fracht|frachtkosten|porto|frais de port|port|livraison frais|portes"
        "|custos de envio|despesas de envio|frete|transportkosten|frais de livraison"
        "|shipping & handling",
        "",
        "shipping costs|freight cost|delivery cost",
    ),
    Concept(
        "amount_paid",
        Kind.MONEY,
        "amount paid|paid|cash|card|cash tendered|tendered|gegeben|bar|bezahlt"
        "|erhaltene anzahlungen"
        "|anzahlung|montant payé|payé|espèces|acompte|acompte versé|carte|carte bancaire|valor pago"
        "|pago|dinheiro|entregue|numerário|bereits bezahlt|ec karte|girocard|visa|mastercard"
        "|cash paid|residual|multibanco|gesamtbetrag der zuschläge",
        "",
        "paid amount|amount tendered",
    ),
    Concept(
        "cash",
        Kind.MONEY,
        "cash|cash tendered|tendered|cash paid|gegeben|bar|bargeld|barzahlung|espèces|dinheiro"
        "|numerário|entregue|efectivo|contanti|tunai|cash payment|cash amount|contant",
        "",
        "cash price|cash given|cash tendered",
    ),
    Concept(
        "change",
        Kind.MONEY,
        "change|change due|rückgeld|zurück|wechselgeld|monnaie|rendu|monnaie rendue|rendu monnaie"
        "|troco|kembali|kembalian|cambio|resto|wisselgeld",
        "",
        "change given",
    ),
    Concept("tip", Kind.MONEY, "tip|gratuity|trinkgeld|pourboire|gorjeta|tips|propina|mancia"),
    Concept(
        "service_charge",
        Kind.MONEY,
        "service charge|service|servicio|serviço|bedienung|svc chg|service chg|svc charge|coperto",
        "",
        "service fee|service",
    ),
    Concept(
        "rounding",
        Kind.MONEY,
        "rounding|rounding adjustment|rounding adj|round adj|rounding diff|rundung"
        "|rundungsdifferenz|arrondi|arredondamento|pembulatan|round off|afronding",
        "",
        "rounding amount",
    ),
    Concept(
        "tax_rate",
        Kind.PERCENT,
        "vat rate|tax rate|mwst satz|steuersatz|ust satz|taux de tva|taux tva|taxa de iva|taxa iva"
        "|vat %|tax %|mwst %|ust %|tva %|iva %",
        "",
        "vat percent|tax percent|vat rate",
    ),
    Concept(
        "currency",
        Kind.CURRENCY,
        "currency|invoice currency|währung|rechnungswährung|devise|monnaie de facturation|moeda"
        "|currency code",
        "",
        "currency iso",
    ),
    # -- bank
    Concept("iban", Kind.IBAN, "iban|iban no|iban nr", "bank account|bankverbindung|account|conto"),
    Concept("bic", Kind.BIC, "bic|swift|bic swift|swift bic|swift code|bic code|swift bic code"),
    Concept(
        "bank",
        Kind.NAME,
        "bank|bank name|kreditinstitut|bankname|banque|domiciliation|banco|name of bank",
        "",
        "bank name",
    ),
    Concept(
        "account_holder",
        Kind.NAME,
        "account holder|account name|kontoinhaber|kontoname|titulaire du compte|titulaire"
        "|titular da conta|titular|beneficiary|begünstigter|zahlungsempfänger|bénéficiaire",
    ),
    Concept(
        "payment_terms",
        Kind.TEXT,
        "payment terms|terms of payment|terms|zahlungsbedingungen|zahlungskonditionen"
        "|conditions de paiement|conditions de règlement|modalités de paiement"
        "|condições de pagamento|prazo de pagamento|termos de pagamento|payment term",
    ),
    Concept(
        "payment_method",
        Kind.TEXT,
        "payment method|method of payment|paid by|payment type|zahlungsart|zahlungsweise"
        "|zahlungsform|zahlungsmittel|bezahlt mit|mode de paiement|moyen de paiement"
        "|mode de règlement|modes de règlement|réglé par|método de pagamento|forma de pagamento"
        "|modo de pagamento|meio de pagamento|pagamento",
        "",
        "payment",
    ),
    # -- around the goods
    Concept(
        "incoterms",
        Kind.TEXT,
        "incoterms|incoterm|delivery terms|terms of delivery|lieferbedingungen|lieferbedingung"
        "|conditions de livraison|condições de entrega",
    ),
    Concept(
        "carrier",
        Kind.NAME,
        "carrier|shipped via|ship via|forwarder|shipping method|spediteur|spedition|frachtführer"
        "|versandart|transporteur|mode d'expédition|transportadora|transportador|expedição"
        "|transporteur nom",
    ),
    Concept(
        "weight",
        Kind.NUMBER,
        "weight|gross weight|total weight|gewicht|gesamtgewicht|bruttogewicht|poids|poids total"
        "|poids brut|peso|peso bruto|peso total",
        "",
        "weight kg|total weight kg",
    ),
    Concept(
        "packages",
        Kind.NUMBER,
        "packages|number of packages|parcels|cartons|pallets|colli|packstücke|anzahl packstücke"
        "|kolli|paletten|anzahl colli|anzahl paletten|colis|nombre de colis|volumes"
        "|número de volumes|nº de volumes|anzahl pakete",
        "",
        "package count|parcel count",
    ),
    Concept(
        "contact",
        Kind.NAME,
        "contact|contact person|attn|attention|ansprechpartner|ansprechpartnerin|bearbeiter"
        "|sachbearbeiter|ihr ansprechpartner|z hd|à l'attention de|interlocuteur|votre contact"
        "|pessoa de contacto|contacto|a/c|sales contact|contact commercial|einkäufer|buyer name"
        "|ordered by|besteller|received by|empfangen von|reçu par|recebido por",
        "",
        "contact name|received by",
    ),
    Concept(
        "email", Kind.EMAIL, "e-mail|email|mail|courriel|correio eletrónico", "", "email address"
    ),
    Concept(
        "phone",
        Kind.PHONE,
        "phone|tel|telephone|telefon|fon|téléphone|tél|telefone|mobile|mobil|fax",
        "",
        "phone number|telephone number",
    ),
    Concept("website", Kind.URL, "website|web|internet|www|site|homepage|im internet", "", "url"),
    Concept("time", Kind.TIME, "time|uhrzeit|zeit|heure|hora|uhr", "", "time of day|purchase time"),
    Concept("page", Kind.TEXT, "page|seite|página"),
    Concept("subject", Kind.TEXT, "subject|betreff|objet|assunto"),
    Concept(
        "notes",
        Kind.TEXT,
        "note|notes|remark|remarks|comment|comments|bemerkung|bemerkungen|hinweis|anmerkung"
        "|anmerkungen|remarque|remarques|commentaire|observações|observação|nota|notas"
        "|delivery instructions|lieferhinweis|instructions|special instructions",
    ),
)
