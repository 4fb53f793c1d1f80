"""Estimators: networks that find a face's prior in its image."""
