"""llama.cpp: `llama-server`. Names of arguments: `--help` of b10434, long forms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from modelscan.backends.arguments.command import added, environment, given, is_repo, valued, without_given
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.base import CommandLine, KeyHandover, Launch
from modelscan.backends.capabilities import Runs
from modelscan.backends.llamacpp.adapts import adapter_words
from modelscan.backends.llamacpp.allowed import ALLOWED, VARIABLES
from modelscan.errors import Usage
from modelscan.model import Candidate, Task

_GENERATING: frozenset[Task] = frozenset({"chat", "completion"})
_POOLING: frozenset[Task] = frozenset({"embed", "rerank"})
_POOLINGS = {"mean": "mean", "cls": "cls", "last_token": "last"}
_SAMPLING = {"temperature": "--temp", "top_p": "--top-p", "top_k": "--top-k", "min_p": "--min-p"}
_KEY_FILE = "key.txt"
_EIGHT_BITS = "q8_0"
_UNQUANTIZED = frozenset({"f32", "f16", "bf16"})
_ALL_LAYERS = "all"
_FIT = "--fit"
_OF_LAYERS = ("--gpu-layers", "--n-cpu-moe", "--tensor-split", "--split-mode")
# By default it lets every web page that is open in a browser read its answers. A name below `.invalid` exists nowhere
# (RFC 6761), so that no page has that origin.
_NO_ORIGIN = "https://nowhere.invalid"


class LlamacppRuns(Runs):
    variables = VARIABLES
    formats = frozenset({"gguf"})
    takes_file = True
    cache_dtypes = frozenset({"q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"})
    step_argument = "--ubatch-size"

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        """`launch.location` is a file: of several parts, the first. Layers are laid out as planned (`--fit off`)."""
        argv = [
            launch.program or "llama-server",
            *valued(
                *_weights(candidate, launch),
                ("--mmproj", launch.projector),
                ("--alias", ",".join(launch.served_model_names) or None),
                ("--host", launch.host),
                ("--port", launch.port),
                *_slots(candidate),
                *_layers(candidate, launch),
                (_FIT, "off"),
                *_cache(candidate),
            ),
            *_of_the_task(candidate),
            *adapter_words(candidate.adapters, launch.adapters),
            *(["--api-key-file", _KEY_FILE] if launch.api_key_env is not None else []),
            *(_pairs(without_given(candidate))),
            *("--metrics", "--no-slots", "--no-ui"),
            *([] if is_repo(launch.location) else ["--offline"]),
            *valued(("--cors-origins", _NO_ORIGIN), ("--log-verbosity", 4)),  # 4: with the sizes of its buffers
            *([] if given(candidate, "--cache-ram") else ["--cache-ram", "0"]),  # else up to 8 GiB that no plan counts
            *_pairs(added(candidate, launch, ALLOWED)),
        ]
        return CommandLine(argv=tuple(argv), env=environment(candidate, launch, _own_env(candidate), self.variables))

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        """After `fold_arguments`: what enters the plan is refused here."""
        ALLOWED.check(arguments)
        check_env(env, self.variables, allowed)

    def hand_key(self, key: str) -> KeyHandover:
        """In a file with a key a line. Twice, as of a single one the log would show the last four characters. Raises
        Usage for a key that it would read as something else.
        """
        if key.startswith("#") or key != key.strip() or len(key.splitlines()) != 1:
            raise Usage(
                "the key begins with `#`, or has blanks or line breaks: llama.cpp would read another",
                hints=["use another key: openssl rand -hex 24"],
            )
        return KeyHandover(files={_KEY_FILE: f"{key}\n{key}\n"})

    def serves(self, task: Task) -> bool:
        return task in _GENERATING | _POOLING

    def words_of_the_model(self, task: Task, defaults: Mapping[str, float], pooling: str | None) -> tuple[str, ...]:
        """Not `max_tokens`: `--predict` bounds every request."""
        words = []
        if task in _GENERATING:
            words += [f"{word}={defaults[name]:g}" for name, word in _SAMPLING.items() if name in defaults]
        if pooling is not None and task == "embed":
            words.append(f"--pooling={_POOLINGS[pooling]}")
        return tuple(words)

    def relieved(self, argv: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
        """With `--fit on` it measures what is free and lays out the layers by itself: more of them on the host."""
        words = list(argv)
        if _FIT not in words or words[words.index(_FIT) + 1] == "on":
            return None
        words[words.index(_FIT) + 1] = "on"
        for option in _OF_LAYERS:
            if option in words:
                place = words.index(option)
                del words[place : place + 2]
        return tuple(words), "layers left to llama.cpp, which fits them into the memory that it finds (--fit on)"


def _weights(candidate: Candidate, launch: Launch) -> Iterable[tuple[str, object | None]]:
    """A repo is named where a plan is only shown: what is started has its files here, at their commit."""
    if not is_repo(launch.location):
        return (("--model", launch.location),)
    form = f":{candidate.quantization}" if candidate.quantization else ""
    return (("--hf-repo", f"{launch.location}{form}"),)


def _slots(candidate: Candidate) -> Iterable[tuple[str, object | None]]:
    """The context is of all slots together, and each gets an equal part."""
    length, slots = candidate.max_model_len, candidate.max_num_seqs
    total = None if length is None else length * (slots or 1)
    return (("--ctx-size", total), ("--parallel", slots or (1 if length is not None else None)))


def _layers(candidate: Candidate, launch: Launch) -> Iterable[tuple[str, object | None]]:
    offload = candidate.offload
    threads = offload.threads if offload is not None else None
    yield "--threads", None if given(candidate, "--threads") else threads
    if launch.device == "cpu":
        yield "--device", "none"  # a build for GPUs would still compute some of it there
        return
    yield "--gpu-layers", _ALL_LAYERS if offload is None else offload.gpu_layers
    if offload is not None:
        yield "--n-cpu-moe", offload.host_expert_layers or None
        yield "--tensor-split", ",".join(f"{part:g}" for part in offload.split) if len(offload.split) > 1 else None


def _cache(candidate: Candidate) -> Iterable[tuple[str, object | None]]:
    """Quantized values need flash attention, which is otherwise used where it can be."""
    asked = candidate.kv_cache_dtype
    if asked is None or asked == "auto":
        return ()
    word = _EIGHT_BITS if asked.startswith("fp8") else {"float16": "f16", "bfloat16": "bf16"}.get(asked, asked)
    quantized = word not in _UNQUANTIZED and not given(candidate, "--flash-attn")
    return (
        ("--cache-type-k", word),
        ("--cache-type-v", word),
        ("--flash-attn", "on" if quantized else None),
    )


def _of_the_task(candidate: Candidate) -> list[str]:
    """A text that is pooled is computed in one step."""
    if candidate.task not in _POOLING:
        return []
    switch = "--embeddings" if candidate.task == "embed" else "--reranking"
    step = None if given(candidate, "--ubatch-size") else candidate.max_model_len
    return [switch, *valued(("--batch-size", step), ("--ubatch-size", step))]


def _pairs(words: Iterable[str]) -> list[str]:
    """Its options and their values are separate words."""
    return [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]


def _own_env(candidate: Candidate) -> dict[str, str]:
    """A build for Vulkan chooses its devices by a variable of its own."""
    chosen = ",".join(map(str, candidate.gpu_indices))
    return {"GGML_VK_VISIBLE_DEVICES": chosen} if chosen else {}


RUNS = LlamacppRuns()
