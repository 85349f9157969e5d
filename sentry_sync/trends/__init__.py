"""SQL over what the store holds: DuckDB sessions, the gate, the query library."""
