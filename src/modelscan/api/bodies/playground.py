"""Bodies and answers of the Playground API, as its clients know them. What they send besides is not looked at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from modelscan.playground.asked import AskedModel, AskedS3
from modelscan.playground.quantities import QUANTITY_PATTERN
from modelscan.playground.record import AccessMode, InferencePhase, Phase

# No text of a request has a NUL; what can be part of a header has no spaces either.
_SAID = r"^[^\x00]*$"
Said = Annotated[str, Field(max_length=2_000, pattern=_SAID)]
Prose = Annotated[str, Field(max_length=20_000, pattern=_SAID)]
Secret = Annotated[str, Field(max_length=4_096, pattern=r"^[\x21-\x7e]*$")]
NeededSecret = Annotated[str, Field(min_length=1, max_length=4_096, pattern=r"^[\x21-\x7e]+$")]
Quantity = Annotated[str, Field(pattern=rf"^(?:{QUANTITY_PATTERN})?$", examples=["64Gi"])]
Count = Annotated[str, Field(pattern=r"^(?:[0-9]{1,3})?$", examples=["2"])]
Whole = Annotated[int, Field(ge=0, le=10**12)]


class PlaygroundBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class RemoteSource(PlaygroundBody):
    """`url` is the address of an API that speaks OpenAI's protocol, `token` its key."""

    url: Annotated[str, Field(min_length=1, max_length=500, pattern=_SAID, examples=["https://api.openai.com/v1"])]
    accessMode: Literal["remote_api"]
    token: Secret | None = None


class LocalSource(PlaygroundBody):
    """`url` is `https://huggingface.co/owner/name` or `owner/name`, `token` one of Hugging Face."""

    url: Annotated[str, Field(min_length=1, max_length=500, pattern=_SAID, examples=["Qwen/Qwen3-8B"])]
    accessMode: Literal["local"]
    token: Secret | None = None


class S3Config(PlaygroundBody):
    """`bucket` may be followed by a prefix; weights go below the model's id in it."""

    endpoint: Said = ""
    bucket: Annotated[str, Field(min_length=1, max_length=500, pattern=_SAID, examples=["models"])]
    region: Said = ""
    accessKeyID: NeededSecret
    secretAccessKey: NeededSecret


class FolderTarget(PlaygroundBody):
    """`localPath` is absolute, and below one of the folders in `api.download_dirs`."""

    type: Literal["local"]
    localPath: Annotated[str, Field(min_length=1, max_length=4_096, pattern=_SAID, examples=["/data/weights/qwen3-8b"])]


class S3Target(PlaygroundBody):
    type: Literal["s3"]
    s3Config: S3Config


class Resources(PlaygroundBody):
    """Kubernetes quantities, which bound the plan: processors, memory of a plan without GPUs, how many GPUs."""

    cpu: Quantity | Whole | None = None
    memory: Quantity | Whole | None = None
    gpu: Count | Annotated[int, Field(ge=0, le=999)] | None = None


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
    downloadTarget: Annotated[FolderTarget | S3Target, Field(discriminator="type")]


def _mode(body: Any) -> Any:
    """By what one body is told from the other; brackets, since it is no place in what was sent."""
    source = body.get("source") if isinstance(body, dict) else None
    mode = source.get("accessMode") if isinstance(source, dict) else None
    return f"<{mode}>" if isinstance(mode, str) else None


CreateModel = Annotated[
    Annotated[RemoteModelBody, Tag("<remote_api>")] | Annotated[LocalModelBody, Tag("<local>")],
    Discriminator(
        _mode,
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
        cpu=_text(resources.cpu),
        memory=_text(resources.memory),
        gpu=_text(resources.gpu),
    )


def _asked_s3(config: S3Config) -> AskedS3:
    return AskedS3(
        endpoint=config.endpoint,
        bucket=config.bucket,
        region=config.region,
        access_key_id=config.accessKeyID,
        secret_access_key=config.secretAccessKey,
    )


def _text(quantity: str | int | None) -> str:
    return "" if quantity is None else str(quantity)
