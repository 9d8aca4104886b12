"""What a client is told that went wrong, in the shape that OpenAI's clients read."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
    503: "service_unavailable",
}


class ApiError(Exception):
    """`param` is the field at fault, `code` a word for programs."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code

    @property
    def document(self) -> dict[str, Any]:
        kind = _TYPES.get(self.status, "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        headers = {"retry-after": "1"} if self.status in {429, 503} else {}
        if self.status == 401:  # noqa: PLR2004  as HTTP asks
            headers["www-authenticate"] = "Bearer"
        return JSONResponse(self.document, self.status, headers)


def unknown_model(name: object) -> ApiError:
    return ApiError(f"The model `{name}` does not exist.", status=404, param="model", code="model_not_found")


def failed() -> ApiError:
    """What went wrong inside is in the log, not in the answer."""
    return ApiError("The model failed to answer; the log says why.", status=500, code="model_failed")
