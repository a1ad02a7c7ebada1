"""From documents to data: the extraction loop and the readers it calls."""
