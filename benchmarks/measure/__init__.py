"""How it is measured: times, memory, bytes moved, and the report of a run."""
