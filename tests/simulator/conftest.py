"""The simulator's own fixtures serve its own tests, as they serve other people's."""

from invy.testing import caught_webhooks, cloud_api, pytest_configure

__all__ = ["caught_webhooks", "cloud_api", "pytest_configure"]
