"""Chat on transformers, token by token, by the chat template of the repo."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from modelscan_serving.handlers.ours.pieces import Text
from modelscan_serving.handlers.ours.tokens import generated
from modelscan_serving.handlers.ours.torch_setup import dtype_of
from modelscan_serving.handlers.protocols import BadInput, ChatGeneration

_SAMPLING = ("temperature", "top_p")


def chat_model(
    hf_repo_id: str, *, device: str = "cpu", dtype: str = "auto", trust_remote_code: bool = False
) -> TextChat:
    """The class that the repo's config asks for: with a tower for images, one that takes them."""
    config = AutoConfig.from_pretrained(hf_repo_id, local_files_only=True, trust_remote_code=trust_remote_code)
    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    if getattr(config, "vision_config", None) is not None:
        from modelscan_serving.handlers.ours.vision import VisionChat

        return VisionChat(hf_repo_id, device, dtype_of(dtype, device), options)
    return TextChat(hf_repo_id, device, dtype_of(dtype, device), options)


class TextChat:
    """`generation_defaults` are those of the repo's generation_config.json."""

    capabilities: tuple[str, ...] = ("chat-completion",)

    def __init__(self, folder: str, device: str, dtype: Any, options: dict[str, Any]) -> None:
        self._device = device
        self.tokenizer = self.load(folder, options)
        self._model = self.loaded(folder, dtype, options).to(device).eval()
        text = self._model.config.get_text_config()
        self._limit = getattr(text, "max_position_embeddings", None)
        said = self._model.generation_config
        found = {name: getattr(said, name, None) for name in _SAMPLING}
        self.generation_defaults = {name: value for name, value in found.items() if value is not None}

    def load(self, folder: str, options: dict[str, Any]) -> Any:
        """The tokenizer, and what else makes inputs of messages."""
        return AutoTokenizer.from_pretrained(folder, **options)

    def loaded(self, folder: str, dtype: Any, options: dict[str, Any]) -> Any:
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options)

    def inputs(self, messages: list[dict[str, Any]]) -> Any:
        """Raises BadInput for messages that the chat template refuses."""
        plain = [{**message, "content": _joined(message["content"])} for message in messages]
        return self.templated(self.tokenizer, plain)

    def templated(self, maker: Any, messages: list[dict[str, Any]]) -> Any:
        if not maker.chat_template:
            raise BadInput("The model has no chat template.", "messages")
        try:
            made = maker.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
            )
        except (
            TemplateError,
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
        ) as error:  # what it stumbles over is theirs
            raise BadInput(f"The chat template of the model refuses the messages: {error}.", "messages") from error
        return made.to(self._device)

    def count_tokens(self, messages: list[dict[str, Any]]) -> int:
        return int(self.inputs(messages)["input_ids"].shape[1])

    def generate(
        self,
        messages: list[dict[str, Any]],
        *,
        max_new_tokens: int,
        temperature: float,
        top_p: float,
        stop: list[str],
        seed: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> ChatGeneration:
        text, made = "", ChatGeneration("", 0, 0)
        for piece in self.generate_stream(
            messages,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            stop=stop,
            seed=seed,
            cancel_event=cancel_event,
        ):
            if isinstance(piece, ChatGeneration):
                made = piece
            else:
                text += piece
        return ChatGeneration(text, made.prompt_tokens, made.completion_tokens)

    def generate_stream(
        self,
        messages: list[dict[str, Any]],
        *,
        max_new_tokens: int,
        temperature: float,
        top_p: float,
        stop: list[str],
        seed: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> Iterator[str | ChatGeneration]:
        """Pieces of text, last the counts. Raises BadInput for a prompt as long as the context, Cancelled."""
        inputs = self.inputs(messages)
        prompt = int(inputs["input_ids"].shape[1])
        if self._limit is not None and prompt >= self._limit:
            raise BadInput(f"The prompt is {prompt} tokens; the context is {self._limit}.", "messages")
        room = max_new_tokens if self._limit is None else min(max_new_tokens, self._limit - prompt)
        options: dict[str, Any] = {"max_new_tokens": room, "do_sample": temperature > 0}
        if temperature > 0:
            options |= {"temperature": temperature, "top_p": top_p}
            if seed is not None:
                torch.manual_seed(seed)
        text = Text(self.tokenizer, stop)
        for token in generated(self._model, inputs, options, cancel_event):
            if piece := text.add(token):
                yield piece
            if text.ended:
                break
        if piece := text.rest():
            yield piece
        # Where the context ended it, it has all that was asked for.
        ended = text.count if text.count < room else max_new_tokens
        yield ChatGeneration("", prompt, ended)


def _joined(content: Any) -> str:
    """Templates of text models know texts alone."""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)
