"""Bodies and answers of the Playground API, as its clients know them. What they send besides is not looked at."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from modelscan.playground.asked import AskedModel, AskedS3
from modelscan.playground.places import BUCKET_PATTERN, ENDPOINT_PATTERN, FOLDER_PATTERN
from modelscan.playground.quantities import QUANTITY_PATTERN
from modelscan.playground.record import AccessMode, InferencePhase, Phase
from modelscan.playground.sources import API_PATTERN, REPO_PATTERN

# No text of a request has a NUL; what can be part of a header has no spaces either.
_SAID = r"^[^\x00]*$"
Said = Annotated[str, Field(max_length=2_000, pattern=_SAID)]
Prose = Annotated[str, Field(max_length=20_000, pattern=_SAID)]


def _of(pattern: str, told: str, longest: int, *examples: str) -> Any:
    """A text of this pattern, or what is wrong with it in words."""
    matching = re.compile(pattern)

    def check(text: str) -> str:
        if not matching.fullmatch(text):
            raise ValueError(told)
        return text

    schema: dict[str, Any] = {"type": "string", "maxLength": longest, "pattern": f"^{pattern}$"}
    schema |= {"examples": list(examples)} if examples else {}
    return Field(max_length=longest), AfterValidator(check), WithJsonSchema(schema)


_NO_HEADER = "it has spaces, or characters that no header can have"
Secret = Annotated[str, *_of(r"[\x21-\x7e]*", _NO_HEADER, 4_096)]
NeededSecret = Annotated[str, *_of(r"[\x21-\x7e]+", f"it is empty, or {_NO_HEADER}", 4_096)]
_MOST = 999_999_999_999


def _quantity(pattern: str, what: str, most: int) -> Any:
    """A text, or a whole number where it has no suffix, which is the same text."""
    matching = re.compile(rf"(?:{pattern})?")

    def read(value: Any) -> Any:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and not matching.fullmatch(text):
            raise ValueError(f"`{text[:50]}` is not {what}")
        return text

    texts = {"type": "string", "pattern": f"^(?:{pattern})?$"}
    schema = {"anyOf": [texts, {"type": "integer", "minimum": 0, "maximum": most}]}
    return BeforeValidator(read), WithJsonSchema(schema)


Memory = Annotated[str, *_quantity(QUANTITY_PATTERN, "a quantity, such as 64Gi", _MOST)]
Processors = Annotated[str, *_quantity(QUANTITY_PATTERN, "a quantity, such as 8 or 500m", _MOST)]
Count = Annotated[str, *_quantity("[0-9]{1,3}", "a number of GPUs, such as 2", 999)]


def _address(pattern: str, example: str, *, longest: int = 500) -> Any:
    """Told here, and refused where it is read: by a sentence instead of a pattern."""
    told = {"type": "string", "maxLength": longest, "pattern": f"^{pattern}$", "examples": [example]}
    return Field(max_length=longest), WithJsonSchema(told)


class PlaygroundBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class RemoteSource(PlaygroundBody):
    """`url` is the address of an API that speaks OpenAI's protocol, `token` its key."""

    url: Annotated[str, *_address(API_PATTERN, "https://api.openai.com/v1")]
    accessMode: Literal["remote_api"]
    token: Secret | None = None


class LocalSource(PlaygroundBody):
    """`url` is `https://huggingface.co/owner/name` or `owner/name`, `token` one of Hugging Face."""

    url: Annotated[str, *_address(REPO_PATTERN, "Qwen/Qwen3-8B")]
    accessMode: Literal["local"]
    token: Secret | None = None


class S3Config(PlaygroundBody):
    """`bucket` may be followed by a prefix; weights go below the model's id in it."""

    endpoint: Annotated[str, *_address(ENDPOINT_PATTERN, "https://s3.example.org")] = ""
    bucket: Annotated[str, *_address(BUCKET_PATTERN, "models")]
    region: Annotated[str, *_of("[A-Za-z0-9-]*", "it is not the name of a region", 100, "eu-central-1")] = ""
    accessKeyID: NeededSecret
    secretAccessKey: NeededSecret


class FolderTarget(PlaygroundBody):
    """`localPath` is absolute, and below one of the folders in `api.download_dirs`."""

    type: Literal["local"]
    localPath: Annotated[str, *_address(FOLDER_PATTERN, "/data/weights/qwen3-8b", longest=4_000)]


class S3Target(PlaygroundBody):
    type: Literal["s3"]
    s3Config: S3Config


def _said_in(value: Any, *path: str) -> str | None:
    """By what one variant is told from the other; brackets, since that is no place in what was sent."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return f"<{value}>" if isinstance(value, str) else None


DownloadTarget = Annotated[
    Annotated[FolderTarget, Tag("<local>")] | Annotated[S3Target, Tag("<s3>")],
    Discriminator(
        lambda target: _said_in(target, "type"),
        custom_error_type="target_type",
        custom_error_message="type must be local or s3",
    ),
]


class Resources(PlaygroundBody):
    """Kubernetes quantities, which bound the plan of a local model. What a GPU's own memory holds is bounded by `gpu`
    alone.
    """

    cpu: Annotated[
        Processors | None,
        Field(description="Processors that it runs on, with GPUs or without; a part of one is one", examples=["8"]),
    ] = None
    memory: Annotated[
        Memory | None,
        Field(
            description="Of the host's memory: without GPUs all that is planned, weights and KV cache; with GPUs what "
            "lies beside them, as layers that they do not hold. Files that are read on their way to a GPU are the "
            "system's cache, and count for nobody",
            examples=["64Gi"],
        ),
    ] = None
    gpu: Annotated[Count | None, Field(description="That many GPUs, whole ones; 0 is none", examples=["2"])] = None


class AboutModel(PlaygroundBody):
    description: Prose | None = None
    icon: Said | None = None
    label: Said | None = None
    tags: Annotated[list[Said], Field(max_length=100)] | Said | None = None
    resources: Resources | None = None


class RemoteModelBody(AboutModel):
    source: RemoteSource
    displayName: Annotated[str, Field(min_length=1, max_length=2_000, pattern=_SAID, examples=["gpt-4o-mini"])]


class LocalModelBody(AboutModel):
    """What is not said of a local model is filled in from Hugging Face."""

    source: LocalSource
    displayName: Said | None = None
    downloadTarget: DownloadTarget


CreateModel = Annotated[
    Annotated[RemoteModelBody, Tag("<remote_api>")] | Annotated[LocalModelBody, Tag("<local>")],
    Discriminator(
        lambda body: _said_in(body, "source", "accessMode"),
        custom_error_type="access_mode",
        custom_error_message="source.accessMode must be remote_api or local",
    ),
]


class ToggleBody(PlaygroundBody):
    enabled: bool


class ModelIdAnswer(BaseModel):
    id: str


class ToggleAnswer(BaseModel):
    message: str
    inferenceId: str | None = None
    warning: str | None = None


class DeleteAnswer(BaseModel):
    message: str
    id: str
    warning: str | None = None


class ModelAnswer(BaseModel):
    """Texts are empty where there is nothing to say; `tags` are separated by commas, `s3Config` is JSON."""

    id: str
    displayName: str
    description: str
    icon: str
    label: str
    tags: str
    version: str
    sourceURL: str
    accessMode: AccessMode
    sourceToken: Annotated[str, Field(description="The name of the secret, which is the id; never the secret")]
    downloadType: Literal["local", "s3", ""]
    localPath: str
    s3Config: str
    cpu: str
    memory: str
    gpu: str
    phase: Phase
    message: str
    inferenceID: str
    inferencePhase: InferencePhase | Literal[""]
    createdAt: str
    updatedAt: str
    deletionTime: str | None
    isDeleted: bool


class ModelsAnswer(BaseModel):
    total: Annotated[int, Field(description="Of all that match, before paging")]
    items: list[ModelAnswer]


def asked_model(body: RemoteModelBody | LocalModelBody) -> AskedModel:
    resources = body.resources or Resources()
    target = body.downloadTarget if isinstance(body, LocalModelBody) else None
    tags = body.tags.split(",") if isinstance(body.tags, str) else body.tags or []
    return AskedModel(
        access_mode=body.source.accessMode,
        url=body.source.url,
        token=body.source.token or "",
        display_name=body.displayName or "",
        description=body.description or "",
        icon=body.icon or "",
        label=body.label or "",
        tags=tuple(part for tag in tags for part in tag.split(",")),
        local_path=target.localPath if isinstance(target, FolderTarget) else "",
        s3=_asked_s3(target.s3Config) if isinstance(target, S3Target) else None,
        cpu=resources.cpu or "",
        memory=resources.memory or "",
        gpu=resources.gpu or "",
    )


def _asked_s3(config: S3Config) -> AskedS3:
    return AskedS3(
        endpoint=config.endpoint,
        bucket=config.bucket,
        region=config.region,
        access_key_id=config.accessKeyID,
        secret_access_key=config.secretAccessKey,
    )
