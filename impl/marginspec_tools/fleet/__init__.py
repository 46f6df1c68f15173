"""Long work in shards: sweeps, campaigns and segments, in processes or on a Dask cluster, and their merge."""
