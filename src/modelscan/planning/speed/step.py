"""The time of a step on one processor, from what it does."""

from __future__ import annotations

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`always` bytes are read whatever is asked, of `routed` the share that is met by the requests of `sources`
    copies, and `cache` bytes for each request; `constant` seconds pass besides. `flops` are per token at `speed`, of
    which, as of reading, `exposed` says how much the longer of the two does not hide. With each token of an answer
    come `prompts` of other requests. `lone_cache`: one request alone reads its cache so much slower. No step is
    shorter than `least`: requests are scheduled, kernels launched and tokens sent whatever the size of the model.

    `power` is a power limit over the vendor's, `slowing` how much of it speed follows. It holds of the mean: a GPU that
    waits for others a part of each step draws less, and is slowed only as far as it works more than `power` of the
    time. Alone, a GPU of a pipeline works in one of its `stages`.
    """

    always: float
    routed: float
    experts: int
    per_token: int
    sources: int
    cache: float
    lone_cache: float
    bandwidth: float
    flops: float
    speed: float | None
    exposed: float
    prompts: float
    request: float
    constant: float
    least: float
    joined_bytes: float
    link: float
    power: float = 1.0
    slowing: float = 0.0
    stages: int = 1

    def seconds(self, requests: float) -> float:
        """With so many requests at once, each of which gets a token."""
        read = self.always + self.routed * touched(self.experts, self.per_token, requests * self.sources)
        return self._passed(read + self.cache * requests, requests, requests * (1 + self.prompts))

    def alone(self) -> float:
        read = self.always + self.routed * touched(self.experts, self.per_token, self.sources)
        return self._passed(read + self.cache * self.lone_cache, 1, 1, self.stages)

    def _passed(self, read: float, requests: float, tokens: float, turns: int = 1) -> float:
        """`turns`: the processor works in one step of so many."""
        reading = read / self.bandwidth
        computing = self.flops * tokens / self.speed if self.speed else 0.0
        working = max(reading, computing) + self.exposed * min(reading, computing)
        waiting = self.joined_bytes * tokens / self.link + self.constant + requests * self.request
        left = slowed(self.power, working / (working + waiting) / turns, self.slowing) if working else 1.0
        return max(working / left + waiting, self.least)


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptStep:
    """Reading a long prompt, where computing counts and reading the weights once does not: `speed` as far as prompts
    reach it, `link` for large transfers. No prompt takes less than `least`, until it has come, is cut into tokens,
    scheduled and answered.
    """

    flops: float
    speed: float
    joined_bytes: float
    link: float
    constant: float
    least: float

    def seconds_per_token(self, tokens: int) -> float:
        passed = self.flops / self.speed + self.joined_bytes / self.link + self.constant / tokens
        return max(passed, self.least / tokens)


def slowed(power: float, busy: float, slowing: float) -> float:
    """The share of its speed that a GPU keeps which works `busy` of the time."""
    return float(min(power / busy, 1.0) ** slowing)


def touched(experts: int, per_token: int, tokens: float) -> float:
    """The share of a layer's experts that a step meets: each token picks `per_token`, as if at random."""
    return 1 - (1 - per_token / experts) ** tokens if experts else 0.0
