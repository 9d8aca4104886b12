"""What the gateway answers by itself: the list of models, its health, its metrics, and that a path is not there."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from modelscan.gateway.access import may_ask
from modelscan.gateway.exchange.reply import Reply
from modelscan.gateway.exchange.surroundings import Surroundings
from modelscan.gateway.http.answers import Refusal, json_body
from modelscan.gateway.http.connection import ClientConnection
from modelscan.gateway.http.paths import Path, one_model
from modelscan.gateway.http.request import Request
from modelscan.routing.compiled import TableMember
from modelscan.storage.documents import to_document
from modelscan.storage.keys import ClientKey

_METRICS = b"text/plain; version=0.0.4; charset=utf-8"


class LocalAnswer:
    """Handles a request that no endpoint sees. `route` is None for a path that there is not."""

    def __init__(self, gateway: Surroundings, client: ClientConnection, request: Request, route: Path | None) -> None:
        self._gateway = gateway
        self._client = client
        self._request = request
        self._route = route
        self._key: ClientKey | None = None

    def head_complete(self) -> None:
        if not self._request.has_body:
            self._answer()

    def body_data(self, data: bytes) -> None:
        """It is not read; its length is still bounded by that of any body."""

    def body_complete(self) -> None:
        if self._request.has_body:
            self._answer()

    def whole(self, body: bytes) -> None:  # noqa: ARG002  it is not read
        self._answer()

    def client_gone(self) -> None: ...

    def client_paused(self, paused: bool) -> None: ...

    def _answer(self) -> None:
        request, route, gateway = self._request, self._route, self._gateway
        if route is None or not route.is_open:
            key = gateway.access.admitted(request.head)
            if isinstance(key, Refusal):
                self._refuse(key)
                return
            self._key = key
        if route is None:
            path = request.head.path.decode("ascii", "replace")[:200]
            self._refuse(Refusal(404, f"there is no route `{path}`", "not_found"))
        elif request.head.method not in {b"GET", b"HEAD"}:
            self._refuse(Refusal(405, "this route takes GET", "method_not_allowed"))
        elif route.kind == "models":
            self._models()
        elif route.kind == "metrics":
            self._done(gateway.metrics_text(), _METRICS)
        else:
            self._done(json_body({"status": "ok"}))

    def _models(self) -> None:
        wanted = one_model(self._request.head.path)
        self._gateway.reload_if_changed()
        listed = self._gateway.directory.listed()
        visible = {
            name: members
            for name, members in listed.items()
            if may_ask(self._key, (name, *(item.name for item in members)))
        }
        if wanted is None:
            data = [_model(name, members[0]) for name, members in visible.items()]
            self._done(json_body({"object": "list", "data": data}))
            return
        name = unquote(wanted.decode("ascii", "replace"))
        asked = self._gateway.directory.find(name)
        if asked is None or asked.public not in visible:
            self._refuse(Refusal(404, f"there is no model `{name[:200]}`", "model_not_found", param="model"))
        else:
            self._done(json_body(_model(asked.public, visible[asked.public][0])))

    def _done(self, body: bytes, kind: bytes = b"") -> None:
        self._client.respond(self._request, 200, body, kind=kind)
        self._gateway.answered_locally(self._request, 200, self._key, len(body))
        self._client.finished()

    def _refuse(self, refusal: Refusal) -> None:
        self._gateway.answered_locally(self._request, refusal.status, self._key, 0)
        Reply(self._client, self._request).refuse(refusal, anthropic=False)


def _model(name: str, member: TableMember) -> dict[str, object]:
    """As OpenAI's list has it, with what vLLM adds."""
    created = 0
    if member.created_at:
        created = int(datetime.fromisoformat(member.created_at).timestamp())
    model: dict[str, object] = {"id": name, "object": "model", "created": created, "owned_by": member.owned_by}
    if member.max_model_len is not None:
        model["max_model_len"] = member.max_model_len
    if member.pricing is not None:
        model["pricing"] = to_document(member.pricing)
    return model
