"""A chat class as teams write them, to the names of `app.models.base`; tests run it as it is."""

import os
import time

from app.models.base import ChatGeneration, ChatModel


class Parrot(ChatModel):
    capabilities = ["chat-completion"]
    supports_structured_outputs = False
    generation_defaults = {"max_tokens": 5}

    def __init__(self, hf_repo_id, device="cpu", cache_dir=None, name="parrot"):
        self.name = name
        self.keys = [variable for variable in os.environ if variable.startswith("PARROT")]

    def generate(self, messages, *, max_new_tokens, temperature, top_p, stop=None, cancel_event=None):
        said = str(messages[-1]["content"])
        while said == "wait" and not cancel_event.is_set():
            time.sleep(0.01)
        words = (self.name + ": " + (" ".join(self.keys) if said == "keys" else said)).split()[:max_new_tokens]
        return ChatGeneration(
            text=" ".join(words), prompt_tokens=self.count_tokens(messages), completion_tokens=len(words)
        )

    def count_tokens(self, messages):
        return sum(len(str(message["content"]).split()) for message in messages)
