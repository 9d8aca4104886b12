"""The keys that clients show to the gateway."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.errors import Conflict, Usage
from modelscan.parsing.regex import regex
from modelscan.selecting.context import Context
from modelscan.storage.keys import ClientKey, change_keys, hash_of, new_key, read_keys
from modelscan.system.clock import rfc3339

_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """`key` is shown here and never again."""

    name: str
    key: str
    created_at: str
    models: tuple[str, ...] = ()
    rate: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownKey:
    """A key without itself: only its hash is kept. `rate` is in requests per minute."""

    name: str
    models: tuple[str, ...] = ()
    rate: int | None = None
    created_at: str


def add_key(context: Context, name: str, *, models: tuple[str, ...] = (), rate: int | None = None) -> NewKey:
    """Make a key. Raises Usage for a bad name, Conflict where there is one of that name."""
    if not _NAME.fullmatch(name):
        raise Usage(
            f"`{name}` is not a valid name for a key",
            cause=["use up to 63 letters, digits, `.`, `_`, `@` and `-`, starting with a letter or digit"],
            hints=["modelscan gateway keys add laptop"],
        )
    key, now = new_key(), rfc3339(context.clock.now())

    def with_it(keys: tuple[ClientKey, ...]) -> tuple[ClientKey, ...]:
        if any(item.name == name for item in keys):
            raise Conflict(
                f"there is already a key `{name}`",
                hints=[f"modelscan gateway keys revoke {name}", "or use another name"],
            )
        return (*keys, ClientKey(name=name, hash=hash_of(key), models=models, rate=rate, created_at=now))

    change_keys(context.settings.paths.keys_file, with_it)
    return NewKey(name=name, key=key, created_at=now, models=models, rate=rate)


def list_keys(context: Context) -> list[KnownKey]:
    """In the order of their making."""
    return [_known(item) for item in read_keys(context.settings.paths.keys_file)]


def revoke_key(context: Context, name: str) -> KnownKey:
    """Take a key back: it opens nothing from the next request on. Raises Usage for an unknown one."""
    found = next((item for item in read_keys(context.settings.paths.keys_file) if item.name == name), None)
    if found is None:
        raise Usage(f"there is no key `{name}`", hints=["modelscan gateway keys list"])
    change_keys(context.settings.paths.keys_file, lambda keys: tuple(item for item in keys if item.name != name))
    return _known(found)


def _known(key: ClientKey) -> KnownKey:
    return KnownKey(name=key.name, models=key.models, rate=key.rate, created_at=key.created_at)
