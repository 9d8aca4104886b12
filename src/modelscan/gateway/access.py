"""Who may ask for what: keys by their hashes, the models of each, and how often."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.http.request import RequestHead
from modelscan.storage.keys import ClientKey, hash_of

_NO_KEY = Refusal(401, "this gateway asks for a key: send it as `Authorization: Bearer KEY`", "invalid_api_key")
_WRONG_KEY = Refusal(401, "this key is not known here", "invalid_api_key")
_MINUTE = 60.0


class Gatekeeper:
    """The keys that are valid; without any, everybody on this machine may ask. `required`: nobody may without one."""

    def __init__(self, keys: Sequence[ClientKey], *, required: bool = False) -> None:
        self._required = required
        self.keys = tuple(keys)
        self._hashes = [(key.hash.encode(), key) for key in keys]
        self._buckets: dict[str, tuple[float, float]] = {}

    def key_of(self, bearer: bytes, api_key: bytes) -> ClientKey | Refusal | None:
        """The key that a request shows; None where no key is asked for. Every hash is compared, in constant time."""
        if not self._hashes and not self._required:
            return None
        shown = api_key
        if not shown:
            scheme, _, rest = bearer.partition(b" ")
            shown = rest.strip() if scheme.lower() == b"bearer" else b""
        if not shown:
            return _NO_KEY
        digest = hash_of(shown).encode()
        found = None
        for known, key in self._hashes:
            if hmac.compare_digest(known, digest):
                found = key
        return found or _WRONG_KEY

    def admitted(self, head: RequestHead) -> ClientKey | Refusal | None:
        """The same of a head; of one that comes again on its connection it is known."""
        asked: object
        found: ClientKey | Refusal | None
        asked, found = head.admitted
        if asked is not self:
            found = self.key_of(head.bearer, head.api_key)
            head.admitted = (self, found)
        return found

    def refused(self, key: ClientKey, names: Sequence[str], now: float) -> Refusal | None:
        """Why this key may not ask for the model of these names now."""
        if key.models and not may_ask(key, names):
            return Refusal(
                403, f"the key `{key.name}` may not ask for `{names[0]}`", "model_not_allowed", param="model"
            )
        if key.rate is not None and (wait := self._wait(key.name, key.rate, now)) > 0:
            message = f"the key `{key.name}` may send {key.rate} requests per minute"
            return Refusal(429, message, "rate_limit_exceeded", retry_after=int(wait) + 1)
        return None

    def _wait(self, name: str, rate: int, now: float) -> float:
        """Seconds until its next request is allowed; 0 takes one. A full bucket is a minute's worth."""
        left, at = self._buckets.get(name, (float(rate), now))
        left = min(float(rate), left + (now - at) * rate / _MINUTE)
        if left < 1:
            self._buckets[name] = (left, now)
            return (1 - left) * _MINUTE / rate
        self._buckets[name] = (left - 1, now)
        return 0.0

    def replaced(self, keys: Sequence[ClientKey]) -> Gatekeeper:
        """With other keys; what was counted stays."""
        new = Gatekeeper(keys, required=self._required)
        new._buckets = self._buckets
        return new


def members_for(key: ClientKey | None, public: str, members: tuple[str, ...]) -> tuple[str, ...]:
    """Those that may serve a key: all of a name that it may ask for, else those alone that it may ask for by theirs."""
    if key is None or not key.models or public in key.models:
        return members
    return tuple(name for name in members if name in key.models)


def may_ask(key: ClientKey | None, names: Sequence[str]) -> bool:
    """Whether a key may see and ask for a model that goes by these names."""
    return key is None or not key.models or not set(key.models).isdisjoint(names)
