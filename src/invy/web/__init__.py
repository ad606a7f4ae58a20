"""Floor 5: a face. HTTP in and out: the webhook, the API under `/api/v1`, and what those who watch the process ask."""

from invy.web.app import create_app
from invy.web.mount import router

__all__ = ["create_app", "router"]
