"""An S3 server (moto's) on this machine, and a client of it; our own code finds the server as AWS's tools do."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

KEY_ID, SECRET = "AKIAPLANTED000000001", "planted-secret-of-s3-0001"


def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:  # what it records of requests would lie in the working folder
        patch.setenv("MOTO_RECORDER_FILEPATH", str(tmp_path_factory.mktemp("moto") / "requests"))
        from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


s3_server = pytest.fixture(running_server, scope="session", name="s3_server")


def control(server: str, path: str, body: str = "") -> str:
    """What the server answers on one of moto's own addresses."""
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=30)
    connection.request("POST", f"/moto-api/{path}", body, {"content-type": "text/plain"})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def credentials(server: str, folder: Path) -> dict[str, str]:
    """The variables of a user of that server who has no files of AWS's."""
    return {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
    }


@pytest.fixture(scope="session")
def s3_client(s3_server: str) -> Any:
    import s3fs

    settings = {"endpoint_url": s3_server, "region_name": "us-east-1"}
    return s3fs.S3FileSystem(
        key=KEY_ID, secret=SECRET, client_kwargs=settings, skip_instance_cache=True, use_listings_cache=False
    )


@pytest.fixture
def s3(s3_server: str, s3_client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A client of the server with an empty `bucket`."""
    for name, value in credentials(s3_server, tmp_path).items():
        monkeypatch.setenv(name, value)
    if s3_client.exists("bucket"):
        s3_client.rm("bucket", recursive=True)
    s3_client.call_s3("create_bucket", Bucket="bucket")
    return s3_client
