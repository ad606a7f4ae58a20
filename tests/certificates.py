"""A certificate authority for one run of the tests: made when asked, trusted by nobody else."""

import ssl
from pathlib import Path

import trustme

AUTHORITY = trustme.CA()


def certificate(name: str, folder: Path) -> Path:
    """A key and a certificate for a host name or address, in one file that a server loads."""
    path = folder / "server.pem"
    AUTHORITY.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


def trust() -> ssl.SSLContext:
    """A client's context that believes this authority."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context
