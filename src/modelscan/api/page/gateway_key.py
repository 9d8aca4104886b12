"""The key that the page's requests show to the gateway: it stays in this process, and no browser sees it."""

from __future__ import annotations

import threading

from modelscan.selecting.context import Context
from modelscan.storage.keys import OF_THE_PAGE, ClientKey, change_keys, hash_of, new_key, read_keys
from modelscan.system.clock import rfc3339


class GatewayKey:
    """One for a process that serves the page; made when it is first needed, and anew where it was revoked."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._lock = threading.Lock()

    def shown(self, context: Context) -> str | None:
        """None where nobody needs a key. Raises StateDamaged, StorageFailed."""
        file = context.settings.paths.keys_file
        with self._lock:
            keys = read_keys(file)
            if not keys:
                return None
            if self._key is None or all(key.hash != hash_of(self._key) for key in keys):
                self._key = new_key()
                ours = ClientKey(name=OF_THE_PAGE, hash=hash_of(self._key), created_at=rfc3339(context.clock.now()))
                change_keys(file, lambda keys: (*(key for key in keys if key.name != OF_THE_PAGE), ours))
            return self._key
