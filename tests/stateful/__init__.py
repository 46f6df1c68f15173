"""Tests that run many events against one exchange."""
