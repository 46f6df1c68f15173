"""The report as it is handed on: one page, and the findings for code hosts and for CI."""
