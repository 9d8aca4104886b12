"""The one door to environment variables."""

from __future__ import annotations

import os
from pathlib import Path


def process_environment() -> dict[str, str]:
    """A copy of this process's environment: the only read of it in the program."""
    return dict(os.environ)  # noqa: TID251  this is the door


def trust_named_certificates() -> None:
    """Let the certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE name count here and in what is started from here.

    Companies set those; httpx, and OpenSSL itself, know SSL_CERT_FILE and SSL_CERT_DIR only, which come first.
    """
    environ = os.environ  # noqa: TID251  this is the door
    named = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if named and not (environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")):
        environ["SSL_CERT_DIR" if Path(named).is_dir() else "SSL_CERT_FILE"] = named
