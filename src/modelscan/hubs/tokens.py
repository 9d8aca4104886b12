"""The user's hub tokens: from the environment, from the hub's own login, from `modelscan login`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass
from modelscan.errors import ConfigInvalid, Gated, SourceUnavailable, Unauthorized, shown_address
from modelscan.hubs.refusals import require_address
from modelscan.hubs.variables import endpoint_of, login_file
from modelscan.model.words import HubName
from modelscan.storage.secrets import Secrets

if TYPE_CHECKING:
    from modelscan.system.http import Http

_MODELSCOPE = "https://www.modelscope.cn"


@dataclass(frozen=True, kw_only=True, slots=True)
class HubLogin:
    """`variables` are the hub's own, the first of them to be set; tokens are made at `page`; `account` tells whose."""

    name: HubName
    title: str
    variables: tuple[str, ...]
    page: str
    account: str


HUBS: Mapping[str, HubLogin] = {
    "huggingface": HubLogin(
        name="huggingface",
        title="Hugging Face",
        variables=("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        page="/settings/tokens",
        account="/api/whoami-v2",
    ),
    # modelscope_hub 0.5.1 (config.py): ENV_TOKEN; its own login keeps cookies that only it can read.
    "modelscope": HubLogin(
        name="modelscope",
        title="ModelScope",
        variables=("MODELSCOPE_API_TOKEN",),
        page="/my/myaccesstoken",
        account="/openapi/v1/users/me",
    ),
}


def login_elsewhere(hub: HubLogin, environ: Mapping[str, str], fleet: Sequence[str] = ()) -> str | None:
    """The origin of a token that takes precedence over ours: an environment variable, or the hub's login file.

    `fleet` are a fleet's names of its Hugging Face token.
    """
    for variable in _variables(hub, fleet):
        if environ.get(variable):
            return variable
    if hub.name == "huggingface":
        file = login_file(environ)
        try:
            return str(file) if file.read_text(encoding="utf-8").strip() else None
        except (OSError, ValueError):
            return None
    return None


def _variables(hub: HubLogin, fleet: Sequence[str]) -> tuple[str, ...]:
    return (*hub.variables, *fleet) if hub.name == "huggingface" else hub.variables


class HubEnvironment(dict[str, str]):
    """Variables for requests to hubs; `stored` are the hubs whose token is the one that `modelscan login` keeps, and
    `fleet` are the fleet's names of the other one.
    """

    stored: tuple[HubName, ...] = ()
    fleet: tuple[str, ...] = ()


def token_origin(hub: HubLogin, environ: Mapping[str, str]) -> str | None:
    """Where the token in use comes from: a variable's name, a file of the hub's own login, or our login."""
    if not isinstance(environ, HubEnvironment):
        return login_elsewhere(hub, environ)
    if hub.name in environ.stored:
        return "`modelscan login`"
    named = [variable for variable in environ.fleet if environ.get(variable)]
    return named[0] if named and hub.name == "huggingface" else login_elsewhere(hub, environ)


def with_tokens(environ: Mapping[str, str], secrets: Secrets, fleet: Sequence[str] = ()) -> HubEnvironment:
    """The environment for requests to hubs, with the fleet's token, or ours that is stored, where no other is set.

    Only for calls of this process: it is never handed to another one. Raises ConfigInvalid for a token that no request
    can carry; the libraries would repeat it in their messages.
    """
    found = HubEnvironment(environ)
    for hub in HUBS.values():
        for variable in _variables(hub, fleet):
            if named := environ.get(variable, "").strip():  # what comes from a file often ends with its line
                found[variable] = named
                if not is_token(named):
                    raise ConfigInvalid(
                        f"the environment variable `{variable}` is not a valid token: it has forbidden characters",
                        hints=[f"unset {variable}", f"modelscan login {hub.name}"],
                    )
        origin = login_elsewhere(hub, environ, fleet)
        if origin is not None and origin in fleet:
            found[hub.variables[0]], found.fleet = found[origin], (origin,)
        elif origin is None and (token := secrets.get(hub.name)):
            found[hub.variables[0]] = token
            found.stored += (hub.name,)
    return found


def is_token(text: str) -> bool:
    """Whether a text can be a token."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def address(hub: HubLogin, environ: Mapping[str, str]) -> str:
    """The hub, or the mirror that the user named. Raises ConfigInvalid."""
    if hub.name == "huggingface":
        return endpoint_of(environ)
    named = environ.get("MODELSCOPE_ENDPOINT") or _MODELSCOPE
    return require_address(named if "://" in named else f"https://{named}", "MODELSCOPE_ENDPOINT")


def whose(hub: HubLogin, token: str, environ: Mapping[str, str], http: Http) -> str:
    """The name of the account that owns a token. Raises Unauthorized, SourceUnavailable."""
    from modelscan.hubs.account import read_owner  # pydantic is loaded for an answer only

    place = shown_address(address(hub, environ))

    def unclear(reason: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{place} did not say whose token this is",
            cause=[reason],
            hints=[f"to store the token without checking it: modelscan --offline login {hub.name}"],
        )

    try:
        answer = http.fetch(address(hub, environ) + hub.account, headers={"authorization": f"Bearer {token}"})
    except (Unauthorized, Gated) as error:
        raise _refused(hub, place) from error
    except SourceUnavailable as error:
        raise unclear(error.message) from error
    return read_owner(answer.content or b"", unclear) or "unknown"


def _refused(hub: HubLogin, place: str) -> Unauthorized:
    return Unauthorized(
        f"{place} does not accept this token",
        cause=["it is mistyped, expired, or belongs to another hub"],
        hints=[f"create one: {place}{hub.page}", f"modelscan login {hub.name}"],
    )
