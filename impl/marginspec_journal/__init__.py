"""Wire formats: journals, states and receipts as JSON Lines and Parquet."""
