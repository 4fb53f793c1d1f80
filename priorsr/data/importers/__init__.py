"""Importers: one file a source of faces, all through `priorsr.data.writer`."""
