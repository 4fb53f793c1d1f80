"""Images that others made, scored as they are: paired by name, and recorded beside the models that ran here."""
