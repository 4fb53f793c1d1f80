"""Score images that were made elsewhere: pair them by name, and write records beside those of models that ran here."""
