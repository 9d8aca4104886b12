"""Random sequences of seedings, edits and files, against the rules said once more and otherwise."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from modelscan.errors import Conflict, ModelNotFound
from modelscan.registry.registered import registered_models
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings
from modelscan.verbs.register.add import add_model
from modelscan.verbs.register.edit import edit_model
from modelscan.verbs.register.remove import remove_model
from modelscan.verbs.register.seed import seed_models

BUILT_IN = "baai/bge-m3"
KEYS = ("context_length", "description", "enabled")
ids = st.sampled_from([BUILT_IN, "Lab/One", "lab/two"])
said = st.fixed_dictionaries(
    {},
    optional={"context_length": st.integers(1, 9), "description": st.sampled_from("abc"), "enabled": st.booleans()},
)
Said = dict[str, dict[str, Any]]


class Rules(RuleBasedStateMachine):
    """What the user, the file and the seeds say of each model; the program keeps it in a folder of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.user: Said = {}
        self.local: Said = {}
        self.seed: Said = {}
        self.variables: Said = {}

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    def context(self, **more: str) -> Context:
        documents = [
            json.dumps({"id": model_id, "name": model_id, "type": "chat", "runtime": "vllm", **stated})
            for model_id, stated in self.variables.items()
        ]
        seeds = {f"MODELSCAN_SEED_MODEL_{number}": text for number, text in enumerate(documents)}
        return Context(settings=load_settings({"MODELSCAN_HOME": str(self.home), "HOME": "/", **seeds, **more}))

    def known(self) -> set[str]:
        return {*self.user, *self.local, *self.seed}

    @rule(variables=st.dictionaries(ids, said, max_size=3))
    def set_variables(self, variables: Said) -> None:
        self.variables = variables

    @rule(update=st.booleans())
    def seed_them(self, update: bool) -> None:
        seed_models(self.context(MODELSCAN_SEED_MODELS_UPDATE_EXISTING=str(update)))
        for model_id, stated in self.variables.items():
            if model_id not in self.user and (update or model_id not in self.seed):
                self.seed[model_id] = stated

    @rule(entries=st.dictionaries(ids, said, max_size=3))
    def write_file(self, entries: Said) -> None:
        self.local = entries
        path = self.home / "config" / "models.local.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"models": [{"name": name, **stated} for name, stated in entries.items()]}))

    @rule(model_id=ids, changes=st.one_of(said, st.sampled_from(KEYS).map(lambda key: {key: None})))
    def edit(self, model_id: str, changes: dict[str, Any]) -> None:
        listed = model_id in self.local or model_id == BUILT_IN
        if model_id not in self.known() and not listed:
            refuses(ModelNotFound, lambda: edit_model(self.context(), model_id, changes))
            return
        edit_model(self.context(), model_id, changes)
        own = {**self.user.get(model_id, {}), **changes}
        self.user[model_id] = {key: value for key, value in own.items() if value is not None}
        if not self.user[model_id] and (listed or model_id in self.seed):
            del self.user[model_id]

    @rule(model_id=ids, stated=said)
    def add(self, model_id: str, stated: dict[str, Any]) -> None:
        if model_id in self.user or model_id in self.seed:
            refuses(Conflict, lambda: add_model(self.context(), model_id, stated))
            return
        add_model(self.context(), model_id, stated)
        self.user[model_id] = stated

    @rule(model_id=ids)
    def remove(self, model_id: str) -> None:
        if model_id in self.user or model_id in self.seed:
            remove_model(self.context(), model_id.upper())
            self.user.pop(model_id, None)
            self.seed.pop(model_id, None)
        else:
            kind = Conflict if model_id in self.local or model_id == BUILT_IN else ModelNotFound
            refuses(kind, lambda: remove_model(self.context(), model_id))

    @invariant()
    def it_is_what_the_strongest_says(self) -> None:
        models = {model.id: model for model in registered_models(self.context().settings).models()}
        assert set(models) == self.known()
        for model_id, model in models.items():
            layers = [layer[model_id] for layer in (self.user, self.local, self.seed) if model_id in layer]
            for key in KEYS:
                default = True if key == "enabled" else None
                assert getattr(model, key) == next((layer[key] for layer in layers if key in layer), default)
            made = "file" if model_id in self.local else "seed" if model_id in self.seed else None
            assert model.origin == (made or ("file" if model_id == BUILT_IN else "user"))
            assert model.user_modified == (model_id in self.user)
            assert model.system == (model.origin != "user")


def refuses(kind: type[Exception], call: Any) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"it was not refused with {kind.__name__}")


@pytest.mark.parametrize("sequences", [25, pytest.param(200, marks=pytest.mark.slow)])
def test_the_strongest_that_says_something_counts(sequences: int) -> None:
    run_state_machine_as_test(Rules, settings=settings(max_examples=sequences, stateful_step_count=12, deadline=None))  # type: ignore[no-untyped-call]
