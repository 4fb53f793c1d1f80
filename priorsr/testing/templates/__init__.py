"""One example of each kind: `priorsr plugin new` copies it, and the page of the kind shows it."""
