"""Sends WhatsApp invitations and knows, guest by guest, whether each one really arrived."""

from importlib.metadata import version

__version__ = version("invy")
__all__ = ["__version__"]
