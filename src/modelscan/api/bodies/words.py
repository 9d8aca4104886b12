"""What single values of requests may be: each the same for who checks a request and for who reads the description."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_INSIDE = r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
# One line that is not blank, without what would steer a terminal (`parsing/text`).
LINE = rf"^[^{_INSIDE}]*[^\s{_INSIDE}][^{_INSIDE}]*$"
# A name, a repo, an address or a whole path: no option, and no folder that depends on where the server stands.
_REFERENCE = rf"^[^\s.\-{_INSIDE}][^{_INSIDE}]*$"
_SIZE = r"^[1-9][0-9]{0,11}(\.[0-9]{1,6})?([kKmMgGtT]i?)?[bB]?$"
_TOKENS = r"^([mM][aA][xX]|[1-9][0-9]{0,8}[kKmM]?)$"
_SPAN = r"^[1-9][0-9]{0,8}[smhdSMHD]?$"
_HARDWARE = (
    r"^(cpu:[1-9][0-9]{0,5}[gt]i?b|([1-9][0-9]{0,2}x)?([a-zA-Z][a-zA-Z0-9-]{1,60}|[1-9][0-9]{0,3}gi?b)"
    r"(\+[1-9][0-9]{0,5}[gt]i?b-ram)?)$"
)
_LARGEST = 2**53 - 1  # that every JSON reader keeps exactly


def _whole(value: object) -> object:
    """`8.0` is a whole number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Argument = Annotated[str, Field(max_length=2_000, pattern=rf"^--[a-zA-Z][a-zA-Z0-9_.-]*(=[^{_INSIDE}]*)?$")]
Line = Annotated[str, Field(max_length=2_000, pattern=LINE)]
Reference = Annotated[str, Field(max_length=500, pattern=_REFERENCE)]
Count = Annotated[int, Field(ge=1, le=100_000), WHOLE]
Port = Annotated[int, Field(ge=1, le=65_535), WHOLE]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=1, le=1e9, allow_inf_nan=False)]
Bytes = Annotated[int, Field(ge=1, le=_LARGEST), WHOLE]
Size = Annotated[str, Field(pattern=_SIZE)] | Bytes
Tokens = Annotated[str, Field(pattern=_TOKENS)] | Annotated[int, Field(ge=1, le=10**9), WHOLE]
Span = Annotated[str, Field(pattern=_SPAN)] | Annotated[int, Field(ge=1, le=10**9), WHOLE]
Hardware = Annotated[
    str, Field(pattern=_HARDWARE, examples=["rtx-4090", "8xh100-80gb", "rtx-4090+64gib-ram", "cpu:64gb"])
]
Variable = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$"
NamePath = Annotated[str, Path(description="Name or id of a deployment", pattern=_NAME)]
JobPath = Annotated[str, Path(description="Id of a job", pattern=r"^job-[a-z0-9]{5}$")]
ModelPath = Annotated[
    str, Path(description="Id of a model; it may have `/` and `:`", max_length=500, pattern=_REFERENCE)
]
Limit = Annotated[int, Query(ge=1, le=200, description="The most to list")]
Tail = Annotated[int, Query(ge=0, le=10_000, description="Lines from the end of the log")]
_TIME = (
    r"20([0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)"
    r"|(0[13578]|1[02])-31)|([02468][048]|[13579][26])-02-29)"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
)
Since = Annotated[
    str,
    Query(
        pattern=rf"^([1-9][0-9]{{0,6}}[smhd]|{_TIME}Z)$",
        description="Only lines since then: `10m`, or a time such as 2026-11-21T10:00:00Z",
    ),
]
# Of a line in a log: its time, and the how manieth of that very time it is.
PLACE = rf"^{_TIME}(\.[0-9]{{1,6}})?Z/[0-9]{{1,6}}$"


class Body(BaseModel):
    """What a request may say: no more keys than these, and each of its own type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
