"""Files that were damaged or forged, by the hundred, over every command that reads them: see `python -m tests.soak`."""
