"""Floor 5: the web face. Webhook, HTTP API and dashboard."""
