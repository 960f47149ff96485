"""The types of identifiers: a module each, whose ``TYPE`` is the type. The registry finds them here."""
