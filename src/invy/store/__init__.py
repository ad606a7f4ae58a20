"""Floor 3: everything durable, in SQLAlchemy Core, on SQLite and PostgreSQL alike."""
