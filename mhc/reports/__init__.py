"""One module a report: query, compute, a frozen result."""
