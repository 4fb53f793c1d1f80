"""Importers: one file for each source of faces; all write by `priorsr.data.writer`."""
