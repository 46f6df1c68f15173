"""What a run tells: one log that fails closed, and the reports that are made from it."""
