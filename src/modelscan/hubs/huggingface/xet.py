"""Xet storage: how Hugging Face keeps large files, in chunks that many files share.

huggingface_hub lets hf_xet write a whole file anew each time. hf_xet can also stream a file from any byte on, which is
what an unfinished file needs (hf_xet 1.8, `XetDownloadStreamGroup.download_stream`).
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from modelscan.errors import SourceUnavailable
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.transfer.parts import ByteStream

_IMPATIENCE = {
    "client.retry_max_attempts": 2,
    "client.retry_base_delay": "100ms",
    "client.retry_max_duration": "10s",
    "client.read_timeout": "30s",
}


def is_available() -> bool:
    """Whether this machine has the library: it comes with huggingface_hub, but not for every processor."""
    return importlib.util.find_spec("hf_xet") is not None


@contextlib.contextmanager
def open_xet(file: RemoteFile, start: int, *, token_address: str, headers: Mapping[str, str]) -> Iterator[ByteStream]:
    """The bytes of a file from `start` on. `token_address` gives the short-lived token of the storage, and says where
    it is. Raises SourceUnavailable.
    """
    from hf_xet import XetFileInfo

    try:
        group = _session().new_download_stream_group(
            token_refresh_url=token_address, token_refresh_headers=dict(headers)
        )
        stream = group.download_stream(XetFileInfo(file.xet_hash, file.size_bytes), start=start or None)
        try:
            yield ByteStream(start, stream)
        finally:
            stream.cancel()
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SourceUnavailable(
            f"the storage of `{file.path}` cannot be reached", cause=[str(error).splitlines()[0] if str(error) else ""]
        ) from error


@cache
def _session() -> Any:
    """The transfer tries again itself, from where it was; left alone the library would go on for minutes unheard."""
    from hf_xet import XetConfig, XetSession

    return XetSession(XetConfig().with_config(_IMPATIENCE))
