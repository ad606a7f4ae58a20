"""The error catalogue's data: TOML tables, one row per code, a family of codes per file. No code lives here."""
