"""Which weights are stored in 16 bits, and how that is kept from showing.

The selfie networks were published with fp16 weights, which are kept as they are. multiclass was
published with fp32 weights. Its large ones become whole numbers of 16 bits with one fp32 factor per
output channel, which errs five to eight times less than fp16 does in the same space.

Most of what that rounding does to a convolution is the same at every pixel: the error of each
weight times the mean of its input. The bias takes it out again, so that only the deviations from
the mean are left. `means.json` has those means, from photographs that no figure is taken on.
"""

import json
from pathlib import Path

import numpy as np

from .fold import product

# Tensors of up to so many weights keep fp32: the first layers and every depthwise kernel among them.
FEW = 24_576

# Larger tensors that keep fp32: those whose rounding costs most for their size, as `rounding` measures.
EXACT = {
    "multiclass": frozenset(f"conv_{number}.weight" for number in (8, 18, 60, 67, 74, 83, 96)),
}

MEANS = Path(__file__).with_name("means.json")


def load() -> dict:
    return json.loads(MEANS.read_text(encoding="utf-8"))


def save(known: dict):
    # A tensor a line.
    models = []
    for model, entry in known.items():
        means = ",\n".join(f"      {json.dumps(name)}: {json.dumps(values)}" for name, values in entry["means"].items())
        photographs = json.dumps(entry["photographs"])
        models.append(f'  {json.dumps(model)}: {{\n    "photographs": {photographs},\n    "means": {{\n{means}\n    }}\n  }}')
    MEANS.write_text("{\n" + ",\n".join(models) + "\n}\n", encoding="utf-8")


def rounded(model: str) -> dict[str, np.ndarray]:
    """The weights that 16 bits may round, each with the mean of every channel that it reads."""
    means = load().get(model, {"means": {}})["means"]
    return {name: np.array(values) for name, values in means.items() if name not in EXACT[model]}


def fixed(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[out, in, h, w]` as whole numbers of 16 bits, and the factor of each output channel, `[out, 1, 1, 1]`.

    Each channel's largest weight becomes 32767 or -32767.
    """
    exact = weights.astype(np.float64)
    largest = np.abs(exact).max(axis=(1, 2, 3), keepdims=True)
    scales = (np.where(largest == 0, 1, largest) / 32767).astype(np.float32)
    return np.rint(exact / scales).astype(np.int16), scales


def settled(bias: np.ndarray, weights: np.ndarray, rounded: np.ndarray, means: np.ndarray) -> np.ndarray:
    """The bias with which `rounded`, `[out, in, h, w]`, gives the mean output that `weights` give."""
    error = (rounded.astype(np.float64) - weights).reshape(len(weights), -1)
    taps = weights.shape[2] * weights.shape[3]
    return (bias.astype(np.float64) - product(error, np.repeat(means, taps)[:, None])[:, 0]).astype(np.float32)
