"""Floor 1: Meta's dialect, bytes to domain and back. Pure: signature, webhook, payload, error table, versions."""
