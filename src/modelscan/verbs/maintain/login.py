"""`login` and `logout`: a hub token, verified and stored where only the user can read it."""

from __future__ import annotations

import re

from modelscan.dataclasses import dataclass
from modelscan.errors import ConfigInvalid, Usage, shown_address
from modelscan.hubs.tokens import HUBS, address, is_token, login_elsewhere, whose
from modelscan.hubs.variables import is_offline
from modelscan.model.words import HubName
from modelscan.selecting.context import Context
from modelscan.storage.secrets import Secrets

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """`user` is None when the hub was not asked. `stored_in` is `keyring`, the path of a file, or None when nothing is
    stored. `used_before` is the variable or file whose token takes precedence.
    """

    source: HubName
    endpoint: str
    user: str | None = None
    stored_in: str | None = None
    used_before: str | None = None
    changed: bool = True


def token_page(context: Context, source: HubName) -> str:
    """The page where the user creates a token."""
    hub = HUBS[source]
    return shown_address(address(hub, context.settings.environ)) + hub.page


def log_in(context: Context, source: HubName, token: str) -> Login:
    """Store a token once the hub has confirmed it (unless offline). Stores nothing where it raises Usage, Unauthorized
    or SourceUnavailable.
    """
    settings, hub = context.settings, HUBS[source]
    if not is_token(token):
        raise Usage(
            "not a valid token: it is empty or contains spaces or other invalid characters",
            hints=[f"create one: {token_page(context, source)}"],
        )
    unasked = settings.offline or is_offline(settings.environ)
    user = None if unasked else whose(hub, token, settings.environ, context.http())
    secrets = Secrets(settings.paths.secrets_file)
    kept_by_keyring = secrets.put(hub.name, token)
    return Login(
        source=source,
        endpoint=shown_address(address(hub, settings.environ)),
        user=user,
        stored_in="keyring" if kept_by_keyring else str(secrets.file),
        used_before=login_elsewhere(hub, settings.environ, settings.token_variables),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptKey:
    """The key of an upstream, under the name of the variable that else holds it."""

    variable: str
    stored_in: str | None
    changed: bool = True


def keep_key(context: Context, variable: str, key: str) -> KeptKey:
    """Give a key to the keyring, where the gateway finds it. Raises Usage, and ConfigInvalid without a keyring: then
    the environment is a better place than a file.
    """
    if not _VARIABLE.fullmatch(variable):
        raise Usage(f"`{variable}` is not the name of an environment variable")
    if not is_token(key):
        raise Usage("not a valid key: it is empty or contains spaces or other invalid characters")
    if not Secrets(context.settings.paths.secrets_file).entrust(variable, key):
        raise ConfigInvalid(
            "no system keyring is available: the key was not stored",
            cause=["it needs the extra `modelscan-cli[keyring]` and a desktop secret service"],
            hints=[f"export {variable}=… where the gateway is started: modelscan gateway restart"],
        )
    return KeptKey(variable=variable, stored_in="keyring")


def forget_key(context: Context, variable: str) -> KeptKey:
    """Remove a key from the keyring."""
    changed = Secrets(context.settings.paths.secrets_file).forget(variable)
    return KeptKey(variable=variable, stored_in=None, changed=changed)


def log_out(context: Context, source: HubName) -> Login:
    """Delete the token that `log_in` stored; logins of other programs stay."""
    settings, hub = context.settings, HUBS[source]
    return Login(
        source=source,
        endpoint=shown_address(address(hub, settings.environ)),
        used_before=login_elsewhere(hub, settings.environ, settings.token_variables),
        changed=Secrets(settings.paths.secrets_file).forget(hub.name),
    )
