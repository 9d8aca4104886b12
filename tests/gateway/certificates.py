"""Certificates of a CA that nobody else trusts, made by openssl."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Authority:
    """`file` is its own certificate, as `SSL_CERT_FILE` names one."""

    def __init__(self, folder: Path) -> None:
        self.file, self._key, self._folder = folder / "ca.pem", folder / "ca.key", folder
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Authority of a test", "-keyout", self._key, "-out", self.file,
            "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def server(self, *names: str) -> ssl.SSLContext:
        """What a server of these names, `DNS:host` or `IP:address`, needs."""
        stem = self._folder / str(abs(hash(names)))
        key, request, made, extra = (stem.with_suffix(f".{kind}") for kind in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName={','.join(names)}\n")
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
            "-keyout", key, "-out", request,
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
            "-extfile", extra, "-out", made,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
        return context


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)
