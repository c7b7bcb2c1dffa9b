#!/usr/bin/env python3
"""Makes docs/contact-sheet.jpg: pictures of the fixtures, what the network gives as it is, and what the library makes of them.

  sheet.py     from the repository's root, after `cargo build --release` and `scripts/setup quality`
"""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw

from methods import MODELS, Looks, Network, enlarge

ROOT = MODELS.parent
CLI = ROOT / "target/release/featheredge"
# Of each picture the part that is shown larger, as shares of its width and height: left, top, and the width.
PICTURES = {
    "astronaut": (0.22, 0.0, 0.3),
    "grace-hopper": (0.25, 0.1, 0.36),
    "luispedro": (0.05, 0.02, 0.5),
}
GROUND = (236, 228, 214)
SIDE = 230
COLUMNS = [
    ("picture", None),
    ("plain mask", "plain"),
    ("fast", ["--quality", "fast", "--background", "#ece4d6"]),
    ("balanced (default)", ["--background", "#ece4d6"]),
    ("fine", ["--quality", "fine", "--background", "#ece4d6"]),
    ("blurred", ["--blur", "14"]),
    ("recoloured", ["--color", "#8a2be2", "--lighten", "0.3"]),
]


def file_of(name):
    pictures = json.loads((ROOT / "fixtures/manifest.json").read_text())["pictures"]
    return ROOT / "fixtures" / next(picture["file"] for picture in pictures if picture["id"] == name)


def plain(path, network):
    """What a library shows that enlarges the network's mask and blends with it."""
    picture = Image.open(path).convert("RGB")
    alpha = enlarge(Looks({"selfie": network}, picture, "person").map("selfie"), picture.size)[..., None]
    return Image.fromarray(np.uint8(np.round(np.asarray(picture) * alpha + np.array(GROUND) * (1 - alpha))))


def ours(path, words):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([CLI, "cut", path, "-o", folder, *words], check=True, stdout=subprocess.DEVNULL)
        made = Image.open(next(pathlib.Path(folder).iterdir())).convert("RGBA")
        ground = Image.new("RGBA", made.size, GROUND + (255,))
        return Image.alpha_composite(ground, made).convert("RGB")


def main():
    entries = json.loads((MODELS / "registry.json").read_text())["models"]
    network = Network(next(entry for entry in entries if entry["id"] == "selfie"))
    head = 22
    sheet = Image.new("RGB", (SIDE * len(COLUMNS), head + 2 * SIDE * len(PICTURES)), "white")
    draw = ImageDraw.Draw(sheet)
    for x, (title, _) in enumerate(COLUMNS):
        draw.text((x * SIDE + 6, 5), title, fill="black")
    for y, (name, (left, top, width)) in enumerate(PICTURES.items()):
        path = file_of(name)
        for x, (_, words) in enumerate(COLUMNS):
            made = Image.open(path).convert("RGB") if words is None else plain(path, network) if words == "plain" else ours(path, words)
            whole = made.copy()
            whole.thumbnail((SIDE, SIDE), Image.LANCZOS)
            size = width * made.width
            box = (left * made.width, top * made.height, left * made.width + size, top * made.height + size)
            row = head + 2 * y * SIDE
            sheet.paste(whole, (x * SIDE + (SIDE - whole.width) // 2, row))
            sheet.paste(made.resize((SIDE - 2, SIDE - 2), Image.BICUBIC, box=box), (x * SIDE + 1, row + SIDE + 1))
    sheet.save(ROOT / "docs/contact-sheet.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
