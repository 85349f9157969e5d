"""The local store: tables, unit of work, reads, coverage, the request ledger."""
