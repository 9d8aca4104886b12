"""Chat on transformers, token by token, by the chat template of the repo."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

from modelscan_serving.handlers.ours.calls import CLOSE, OPEN, Calls, Form, form_of, with_objects
from modelscan_serving.handlers.ours.grammar import Forced, Grammars
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
    supports_structured_outputs = True

    def __init__(self, folder: str, device: str, dtype: Any, options: dict[str, Any]) -> None:
        self._device = device
        self.tokenizer = self.load(folder, options)
        self._model = self.loaded(folder, dtype, options).to(device).eval()
        text = self._model.config.get_text_config()
        self._limit = getattr(text, "max_position_embeddings", None)
        said = self._model.generation_config
        found = {name: getattr(said, name, None) for name in _SAMPLING}
        self.generation_defaults = {name: value for name, value in found.items() if value is not None}
        self._ends = _numbers(said.eos_token_id, self.tokenizer.eos_token_id)
        self._unsaid = _unsaid(self.tokenizer)
        self._grammars = Grammars(self.tokenizer, getattr(text, "vocab_size", 0), self._ends)
        self._form: Form | str | None = None

    def load(self, folder: str, options: dict[str, Any]) -> Any:
        """The tokenizer, and what else makes inputs of messages."""
        return AutoTokenizer.from_pretrained(folder, **options)

    def loaded(self, folder: str, dtype: Any, options: dict[str, Any]) -> Any:
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options)

    @property
    def maker(self) -> Any:
        """What has the chat template."""
        return self.tokenizer

    def content(self, given: Any) -> Any:
        """That of a message, as the template wants it."""
        return _joined(given)

    def inputs(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] | None = None) -> Any:
        """Raises BadInput for messages that the chat template refuses."""
        if not self.maker.chat_template:
            raise BadInput("The model has no chat template.", "messages")
        if tools:
            self._form_of_calls()
        given = with_objects(messages)
        called = {call["function"]["name"] for message in given for call in message.get("tool_calls") or ()}
        try:
            text = self._templated(given, tools, tokenize=False) if called else ""
            made = self._templated(given, tools, tokenize=True, return_dict=True, return_tensors="pt")
        except (
            TemplateError,
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
        ) as error:  # what it stumbles over is theirs
            raise BadInput(f"The chat template of the model refuses the messages: {error}.", "messages") from error
        if not all(name in text for name in called):
            raise BadInput("The chat template of the model leaves calls of tools out.", "messages")
        return made.to(self._device)

    def _templated(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]] | None, **options: Any
    ) -> Any:
        plain = [{**message, "content": self.content(message["content"])} for message in messages]
        return self.maker.apply_chat_template(plain, tools=tools, add_generation_prompt=True, **options)

    def _form_of_calls(self) -> Form:
        """Raises BadInput where there is none."""
        if self._form is None:
            self._form = form_of(lambda messages, tools: str(self._templated(messages, tools, tokenize=False)))
        if isinstance(self._form, str):
            raise BadInput(f"{self._form}.", "tools")
        return self._form

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
        response_format: dict[str, Any] | None = None,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = "auto",
        parallel_tool_calls: bool = True,
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
            response_format=response_format,
            tools=tools,
            tool_choice=tool_choice,
            parallel_tool_calls=parallel_tool_calls,
            cancel_event=cancel_event,
        ):
            if isinstance(piece, ChatGeneration):
                made = piece
            else:
                text += piece
        return replace(made, text=text)

    def generate_stream(
        self,
        messages: list[dict[str, Any]],
        *,
        max_new_tokens: int,
        temperature: float,
        top_p: float,
        stop: list[str],
        seed: int | None = None,
        response_format: dict[str, Any] | None = None,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = "auto",
        parallel_tool_calls: bool = True,
        cancel_event: threading.Event | None = None,
    ) -> Iterator[str | ChatGeneration]:
        """Pieces of text, last the counts. Raises BadInput for a prompt as long as the context, Cancelled."""
        inputs = self.inputs(messages, tools)
        prompt = int(inputs["input_ids"].shape[1])
        if self._limit is not None and prompt >= self._limit:
            raise BadInput(f"The prompt is {prompt} tokens; the context is {self._limit}.", "messages")
        room = max_new_tokens if self._limit is None else min(max_new_tokens, self._limit - prompt)
        options: dict[str, Any] = {"max_new_tokens": room, "do_sample": temperature > 0}
        if temperature > 0:
            options |= {"temperature": temperature, "top_p": top_p}
            if seed is not None:
                torch.manual_seed(seed)
        forced = self._forced(tools, tool_choice, or_text=response_format is None, several=parallel_tool_calls)
        free = forced is None or tool_choice == "auto"
        if (bound := self._grammars.bound(response_format if free else None, forced, cancel_event)) is not None:
            options |= {"logits_processor": LogitsProcessorList([bound]), "eos_token_id": list(self._ends)}
        text, calls = Text(self.tokenizer, stop, self._unsaid if tools else None), Calls()
        said = calls.add if tools else str
        token: int | None = None
        for token in generated(self._model, inputs, options, cancel_event):
            if piece := said(text.add(token)):
                yield piece
            if text.ended:
                break
        rest = said(text.rest())
        left, found = calls.rest()
        found = found if parallel_tool_calls else found[:1]
        if rest := rest + left:
            yield rest
        cut = text.count >= room and not text.ended and token not in self._ends
        yield ChatGeneration("", prompt, text.count, found, "length" if cut else "stop")

    def _forced(self, tools: Any, choice: Any, *, or_text: bool, several: bool) -> Forced | None:
        """The calls that the answer has to be: where the choice says so, or where all else would have a form too."""
        if not tools or (choice == "auto" and or_text):
            return None
        functions = [tool["function"] for tool in tools]
        if isinstance(choice, dict):
            functions = [item for item in functions if item["name"] == choice["function"]["name"]]
        several = several and not isinstance(choice, dict)
        return Forced(functions=functions, form=self._form_of_calls(), several=several)


def _joined(content: Any) -> str:
    """Templates of text models know texts alone."""
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)


def _numbers(*given: Any) -> frozenset[int]:
    """Of a number, a list of such, or none."""
    lists = [item if isinstance(item, list) else [item] for item in given]
    return frozenset(number for item in lists for number in item if number is not None)


def _unsaid(tokenizer: Any) -> frozenset[int] | None:
    """The special tokens, None where they are not told. The marks of calls are text, also where they are among them."""
    added = getattr(tokenizer, "added_tokens_decoder", None)
    if added is None:
        return None
    return frozenset(number for number, token in added.items() if token.special and token.content not in {OPEN, CLOSE})
