"""Reads `text.txt` and asks its questions in many ways, as different people would type them.

A model this small learns sentences, not meaning: it understands a paraphrase only if it has met many of them.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).with_name("text.txt")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONG_WORD = 4  # a slip of the finger in a shorter word leaves nothing to recognise
REMARK = 2  # up to so many words are an exclamation, which takes no "please tell me" before it


@dataclass
class Topic:
    """One answer, the questions that lead to it, and the questions kept back to measure with."""

    answer: str
    questions: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)


@dataclass
class Lesson:
    """All of `text.txt`."""

    topics: list[Topic] = field(default_factory=list)
    slots: dict[str, list[str]] = field(default_factory=dict)
    openings: dict[str, list[str]] = field(default_factory=dict)
    held_out: set[str] = field(default_factory=set)

    def ask(self, topic: Topic, rng: random.Random) -> str:
        """A training question of this topic, never one of the held-out questions."""
        while True:
            question = reword(expand(rng.choice(topic.questions), self.slots, rng), self, rng)
            if bare(question) not in self.held_out:
                return question

    def pick(self, rng: random.Random) -> Topic:
        """Any topic; more often the last one, which has to hold everything else there is to ask."""
        return self.topics[-1] if happens(rng, 0.10) else rng.choice(self.topics)


def read(path: Path = SOURCE) -> Lesson:
    """The format is explained at the head of the file."""
    lesson = Lesson()
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, rest = line[:1], line[1:].strip()
        name, _, words = rest.partition(" = ")
        match mark:
            case "" | "#":
                continue
            case "@":
                lesson.slots.setdefault(name, []).extend(words.split(" | "))
            case ">":
                lesson.openings.setdefault(name, []).extend(words.split(" | "))
            case "=":
                lesson.topics.append(Topic(rest))
            case "~":
                lesson.topics[-1].held_out.append(rest)
                lesson.held_out.add(bare(rest))
            case _:
                lesson.topics[-1].questions.append(line)
    return lesson


def dice(seed: int) -> random.Random:
    """Repeatable chance."""
    return random.Random(seed)  # noqa: S311 - nothing here is secret


def happens(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def bare(text: str) -> str:
    """Letters and digits only, so that a held-out question is not trained on with other punctuation."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def nonsense(rng: random.Random) -> str:
    """A word that means nothing: whatever the model was not taught must lead to the polite refusal."""
    syllables = (
        rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "s", "x", "ck"])
        for _ in range(rng.randint(2, 4))
    )
    return "".join(syllables)


def expand(text: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    """Choose one part of every {a|b}, from the inside outwards."""

    def choose(match: re.Match[str]) -> str:
        inside: str = match.group(1)
        if inside == "nonsense":
            return nonsense(rng)
        return rng.choice(slots.get(inside) or inside.split("|"))

    while "{" in text:
        text = re.sub(r"\{([^{}]*)\}", choose, text)
    return " ".join(text.split())


def reword(text: str, lesson: Lesson, rng: random.Random) -> str:
    """The same question as another person might have typed it."""
    if happens(rng, 0.45):
        text = reopen(text, lesson.openings, rng)
    if happens(rng, 0.2):
        old, new = rng.choice(lesson.slots["swap"]).split(" -> ")
        text = re.sub(rf"\b{re.escape(old)}\b", new, text, count=1)
    if happens(rng, 0.12):
        text = forget(text, lesson.slots["filler"], rng)
    if len(text.split()) > REMARK:
        if happens(rng, 0.15):
            text = f"{rng.choice(lesson.slots['before'])} {text}"
        if happens(rng, 0.12):
            text = f"{text} {rng.choice(lesson.slots['after'])}".replace(" ,", ",")
    if happens(rng, 0.18):
        text = misspell(text, rng)
    if happens(rng, 0.5):
        text = capitals(text, lesson.slots["proper"])
    return punctuate(text, rng)


def capitals(text: str, proper: list[str]) -> str:
    """The capitals of careful people: GPU, vLLM, France."""
    spelling = {word.lower(): word for word in proper}
    return re.sub(r"[\w-]+", lambda match: spelling.get(match.group().lower(), match.group()), text)


def reopen(text: str, openings: dict[str, list[str]], rng: random.Random) -> str:
    for opening, others in openings.items():
        if text.startswith(opening + " "):
            return rng.choice(others) + text[len(opening) :]
    return text


def forget(text: str, fillers: list[str], rng: random.Random) -> str:
    """Leave out one of the words that carry no meaning."""
    words = text.split()
    droppable = [index for index, word in enumerate(words) if word in fillers]
    if droppable and len(words) > LONG_WORD:
        del words[rng.choice(droppable)]
    return " ".join(words)


def misspell(text: str, rng: random.Random) -> str:
    """One slip of the finger in one of the longer words."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) >= LONG_WORD and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word, at = words[index], rng.randrange(1, len(words[index]) - 1)
    words[index] = rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + rng.choice(LETTERS) + word[at + 1 :],
        ]
    )
    return " ".join(words)


def punctuate(text: str, rng: random.Random) -> str:
    style = rng.choices(["sentence", "lower", "shout"], [55, 41, 4])[0]
    if style == "sentence":
        text = text[:1].upper() + text[1:]
    elif style == "shout":
        text = text.upper()
    if happens(rng, 0.3):
        text = re.sub(r"\bi\b", "I", text)
    return text + rng.choices(["?", "", ".", "!", "??", " ?", "..."], [50, 34, 8, 3, 2, 2, 1])[0]
