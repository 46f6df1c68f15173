"""Many at once: columns of events in, columns of receipts out, portfolios of domains."""
