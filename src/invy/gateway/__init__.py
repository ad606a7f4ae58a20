"""Floor 3: the one HTTP client, towards Meta's Graph API."""
