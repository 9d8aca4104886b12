"""Proxies and certificates of the user's: used where they can be, told where they cannot."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.cli.conftest import Modelscan
from tests.hubs.hub_server import HubServer, Repo

from modelscan.storage.shipped import shipped

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PULL = ("pull", "lab/tiny", "--source", "modelscope")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost` that nobody but its owner knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
    return tmp_path / "ca.pem"


@pytest.fixture
def hub(certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    server = HubServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.repos["lab/tiny"] = Repo(files={path.name: path.read_bytes() for path in shipped("demo").iterdir()})
    server.secure(context)
    with server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.endpoint)
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
        yield server


@pytest.mark.parametrize("variable", [name for name in VARIABLES if name != "SSL_CERT_DIR"])
def test_certificates_of_ones_own_by_any_of_the_usual_variables(
    modelscan: Modelscan, hub: HubServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    assert modelscan(*PULL, "-q").stdout == "lab/tiny\n"


def test_an_unknown_certificate_is_told_with_what_to_set(modelscan: Modelscan, hub: HubServer) -> None:
    ran = modelscan(*PULL, "--json")
    assert (ran.status, ran.error["code"]) == (6, "source_unavailable")
    assert ran.error["hints"][0].endswith("export SSL_CERT_FILE=/path/to/ca.pem")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "the environment variables for proxies or certificates are not valid"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca", "the environment variables for proxies or certificates are not valid"),
        (
            "ALL_PROXY",
            "nonsense://me:planted@x",
            "the environment variables for proxies or certificates are not valid",
        ),
        ("ALL_PROXY", "socks5://me:planted@x:1", "a SOCKS proxy is configured, but SOCKS support is not installed"),
    ],
)
@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_what_cannot_be_used_is_no_bug(
    modelscan: Modelscan,
    hub: HubServer,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
    source: str,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.test")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv(variable, value)
    ran = modelscan("pull", "lab/tiny", "--source", source, "--json")
    assert (ran.status, ran.error["code"], ran.error["message"]) == (1, "config_invalid", message)
    assert "planted" not in ran.stdout + ran.stderr


def test_a_proxy_that_wants_a_login(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as proxy:
        proxy.status["lab/tiny"] = 407
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", proxy.endpoint)
        ran = modelscan(*PULL, "--json")
    assert ran.error["message"] == f"{proxy.endpoint} cannot be reached: the proxy requires authentication"
    assert ran.error["hints"] == [
        "put the credentials in its address: export HTTPS_PROXY=http://USER:PASSWORD@host:port"
    ]
