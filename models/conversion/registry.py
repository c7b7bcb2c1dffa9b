"""`models/registry.json`: what is known of each model, read and written in one form.

The input and output contracts and the sources are written by hand; the converter fills in what it
can measure: checksum, size, multiply-adds and agreement.
"""

import json
from pathlib import Path

from . import precision, source, tflite
from .fold import fold
from .operators import Translation

MODELS = Path(__file__).resolve().parents[1]
REGISTRY = MODELS / "registry.json"
FIXTURES = MODELS.parent / "fixtures"


def load() -> dict:
    registry = json.loads(REGISTRY.read_text(encoding="utf-8"))
    if registry["schema"] != 1:
        raise SystemExit(f"{REGISTRY.name} has schema {registry['schema']}, want 1")
    return registry


def save(registry: dict):
    REGISTRY.write_text(json.dumps(registry, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def convert(entry: dict, rounded: bool = True) -> tuple[bytes, int]:
    """The ONNX file of a registry entry, and its multiply-adds. Without `rounded` no weight loses a bit."""
    network = tflite.read(source.fetch(entry["source"]))
    fold(network)
    translation = Translation(network, precision.rounded(entry["id"]) if rounded else {})
    model = translation.run(entry["id"])
    _meets_contract(entry, network)
    return model.SerializeToString(deterministic=True), translation.multiply_adds


def _meets_contract(entry: dict, network: tflite.Network):
    size = (entry["input"]["height"], entry["input"]["width"])
    wanted = [(1, *size, 3), (1, *size, len(entry["output"]["classes"]))]
    got = [network.shapes[network.input], network.shapes[network.output]]
    if got != wanted:
        raise SystemExit(f"{entry['id']} maps {got[0]} to {got[1]}, its registry entry says {wanted[0]} to {wanted[1]}")


def photograph(name: str) -> Path:
    """The picture of `fixtures/` that has this id."""
    pictures = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))["pictures"]
    files = [FIXTURES / one["file"] for one in pictures if one["id"] == name]
    if len(files) != 1 or not files[0].is_file():
        raise SystemExit(f"no picture {name} in fixtures; `node fixtures/fetch.mjs` takes those that are not committed")
    return files[0]
