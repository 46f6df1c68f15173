"""What finds the rows to look at without a scan: triggers of marks, queues of counterparties and lots, shortfalls."""
