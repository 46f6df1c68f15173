"""The terminal: tables, lines of JSON, files that appear whole, progress."""
