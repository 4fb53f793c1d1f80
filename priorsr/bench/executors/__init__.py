"""Executors: tasks in processes of this machine, on a Dask cluster, as SLURM jobs, or where a user's executor runs."""
