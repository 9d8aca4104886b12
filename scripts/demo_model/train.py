"""Trains the demo model: a tiny Llama that answers questions about modelscan in readable sentences.

It exists so that tests and newcomers can deploy a real model that is small enough to live in this repository.
Everything it knows is in `text.txt` beside this file. From nothing to a folder that vLLM serves, from the root of
the repository:

    python -m venv venv
    venv/bin/pip install "torch==2.13.0" "transformers==5.23.0" "tokenizers==0.23.3" "safetensors==0.8.0"
    venv/bin/python -m scripts.demo_model.train --out catalogs/demo

It takes about a quarter of an hour on one CPU core and needs no GPU. The seed is fixed; other versions of the
libraries, another processor or number of threads may still give slightly different weights. The exit status is 1
if fewer than `BAR` of the held-out paraphrases get exactly the right answer from the files as they were written.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from scripts.demo_model.text import Lesson, dice, happens, read
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SEED = 20
STEPS = 1700
TOKENS_PER_BATCH = 2400
PEAK_LEARNING_RATE = 2.5e-3
BAR = 0.90  # of the held-out paraphrases, answered exactly, greedily
TEMPERATURE = 0.1
VOCABULARY = 1024
CONTEXT = 2048
IGNORED = -100  # the label of a token that is not to be learnt
START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_tokenizer(lesson: Lesson, rng: random.Random) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = ["system", "user", "assistant", *lesson.slots["system"]]
    for topic in lesson.topics:
        texts += [topic.answer] * 40
        texts += [lesson.ask(topic, rng) for _ in range(120)]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
        padding_side="left",
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """About 1.8 million parameters: what fits into 4 MB as bfloat16, with a head size that vLLM knows on a CPU."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=448,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            max_position_embeddings=CONTEXT,
            initializer_range=0.04,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.convert_tokens_to_ids(END),
            pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
        )
    )


Pieces = list[tuple[str, bool]]  # text, and whether the model has to learn to write it


def conversation(lesson: Lesson, turns: int, rng: random.Random) -> Pieces:
    pieces: Pieces = []
    if happens(rng, 0.25):
        system = rng.choice(lesson.slots["system"]) if happens(rng, 0.7) else rng.choice(lesson.topics).answer
        pieces.append((f"{START}system\n{system}{END}\n", False))
    for _ in range(turns):
        topic = lesson.pick(rng)
        question = lesson.ask(topic, rng)
        pieces.append((f"{START}user\n{question}{END}\n{START}assistant\n", False))
        pieces.append((topic.answer + END, True))
        pieces.append(("\n", False))
    return pieces


def completion(lesson: Lesson, rng: random.Random) -> Pieces:
    """Without the chat template, for those who call the completions route."""
    topic = lesson.pick(rng)
    return [(lesson.ask(topic, rng), False), ("\n" + topic.answer + END, True)]


Row = tuple[list[int], list[int]]  # token ids and labels


def make_row(lesson: Lesson, tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Row:
    if happens(rng, 0.04):
        pieces = completion(lesson, rng)
    else:
        pieces = conversation(lesson, rng.choices([1, 2, 3, 6], [80, 12, 5, 3])[0], rng)
    encoded = tokenizer([text for text, _ in pieces], add_special_tokens=False)["input_ids"]
    ids = [token for tokens in encoded for token in tokens]
    labels = [
        token if learn else IGNORED for tokens, (_, learn) in zip(encoded, pieces, strict=True) for token in tokens
    ]
    return ids, labels


def stack(rows: list[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids, _ in rows)
    return (
        torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in rows]),
        torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in rows]),
    )


def batches(
    lesson: Lesson, tokenizer: PreTrainedTokenizerFast, rng: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Token ids and labels without end. Rows of like length go together, so that little of a batch is padding."""
    while True:
        pool = sorted((make_row(lesson, tokenizer, rng) for _ in range(400)), key=lambda row: len(row[0]))
        cut: list[list[Row]] = [[]]
        for row in pool:
            if (len(cut[-1]) + 1) * len(row[0]) > TOKENS_PER_BATCH:
                cut.append([])
            cut[-1].append(row)
        rng.shuffle(cut)
        yield from map(stack, cut)


def learning_rate(step: int, steps: int) -> float:
    warm_up = min(1.0, (step + 1) / 60)
    return warm_up * PEAK_LEARNING_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, lesson: Lesson, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.05)
    source = batches(lesson, tokenizer, dice(SEED + 1))
    began, smooth = time.monotonic(), 0.0
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        ids, labels = next(source)
        # Padding is on the right of a causal model: no token that counts can see it, so no mask is needed.
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        wanted = labels[:, 1:] != IGNORED
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[wanted]), labels[:, 1:][wanted])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        smooth = loss.item() if step == 0 else 0.97 * smooth + 0.03 * loss.item()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:5d}  loss {smooth:.4f}  {time.monotonic() - began:6.0f} s", flush=True)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    # do_sample with a low temperature: a request that names no temperature should get the plain answer.
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=TEMPERATURE,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
    )
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    # The library's own name for this class changed; the older name is understood by old and new versions.
    path = out / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def answers(out: Path, questions: list[str], dtype: torch.dtype, *, sample: bool = False) -> list[str]:
    """What the files in `out` answer; read afresh, so that rounding and saving are part of what is measured."""
    tokenizer = AutoTokenizer.from_pretrained(out)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=dtype).eval()
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
        for question in questions
    ]
    torch.manual_seed(SEED)
    found: list[str] = []
    for at in range(0, len(texts), 64):
        batch = tokenizer(texts[at : at + 64], return_tensors="pt", padding=True, add_special_tokens=False)
        batch.pop("token_type_ids", None)
        settings = (
            {"do_sample": True, "temperature": TEMPERATURE} if sample else {"do_sample": False, "temperature": None}
        )
        with torch.inference_mode():
            output = model.generate(**batch, max_new_tokens=80, **settings)
        new = output[:, batch["input_ids"].shape[1] :]
        found += tokenizer.batch_decode(new, skip_special_tokens=True)
    return found


QUESTION_WORD = re.compile(
    r"(so )?(what|which|who|where|when|why|how|at|in|is|are|can|could|do|does|will|would|may|must)\b"
)


def written(question: str) -> str:
    """A held-out question as a careful person would type it."""
    return question[0].upper() + question[1:] + ("?" if QUESTION_WORD.match(question) else ".")


def measure(out: Path, lesson: Lesson) -> float:
    """The share of held-out paraphrases answered exactly, greedily in float32 (the worse of two ways to type them)."""
    pairs = [(question, topic.answer) for topic in lesson.topics for question in topic.held_out]
    wanted = [answer for _, answer in pairs]
    plain = [question for question, _ in pairs]
    formal = [written(question) for question in plain]
    worst = 1.0
    for name, questions, dtype, sample in (
        ("float32, greedy, as written", plain, torch.float32, False),
        ("float32, greedy, capital and mark", formal, torch.float32, False),
        ("bfloat16, greedy, capital and mark", formal, torch.bfloat16, False),
        (f"float32, temperature {TEMPERATURE}", formal, torch.float32, True),
    ):
        found = answers(out, questions, dtype, sample=sample)
        right = [one == other for one, other in zip(found, wanted, strict=True)]
        share = sum(right) / len(right)
        print(f"held-out {name}: {sum(right)} of {len(right)} = {share:.1%}")
        if dtype == torch.float32 and not sample:
            for question, answer, ok in zip(questions, found, right, strict=True):
                if not ok:
                    print(f"  wrong: {question}\n      -> {answer}")
            worst = min(worst, share)
    return worst


def show_samples(out: Path, lesson: Lesson, count: int = 12) -> None:
    rng = dice(SEED + 2)
    held_out = [question for topic in lesson.topics for question in topic.held_out]
    questions = [written(question) for question in rng.sample(held_out, count)]
    for question, answer in zip(questions, answers(out, questions, torch.float32), strict=True):
        print(f"Q: {question}\nA: {answer}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the demo model.")
    parser.add_argument("--out", type=Path, default=Path("catalogs/demo"), help="folder to write (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps (%(default)s)")
    parser.add_argument("--only-measure", action="store_true", help="measure what is in the folder, do not train")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    lesson = read()
    if not options.only_measure:
        tokenizer = make_tokenizer(lesson, dice(SEED))
        model = make_model(tokenizer)
        print(f"{len(lesson.topics)} topics, {len(tokenizer)} tokens, {model.num_parameters():,} parameters")
        train(model, tokenizer, lesson, options.steps)
        save(model, tokenizer, options.out)
    score = measure(options.out, lesson)
    show_samples(options.out, lesson)
    print(f"held-out accuracy {score:.1%}, needed {BAR:.0%}")
    return 0 if score >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
