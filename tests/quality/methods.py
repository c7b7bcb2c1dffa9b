#!/usr/bin/env python3
"""Compares ways from a network's probabilities to a matte, on the scored sets beside the project.

  methods.py SETS [--half 0|1] [--only people,...]   scores every method, writes one JSON object per picture to standard output
  methods.py --table FILE...                         the Markdown tables of docs/MATTES.md from such files

SETS is the folder with the sets and, beside it, `evaluate.py`, which scores. The networks are run by onnxruntime, and
nothing is feathered, so that the methods alone are compared; the library's own figures are in README.md.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime
from PIL import Image

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
SUBJECTS = {"person": ["aiseg", "people", "p3m"], "hair": ["figaro", "fasseg"]}
KEYS = ["band_mae", "bft", "iou"]
# As src/matte/upsample.rs.
RADIUS, EPSILON, LEVELS = 1, 1e-2, (0.225, 0.775)
# What models/registry.json says of both networks that are compared.
WHOLE = 0.15
FILTERS = {"box": Image.BOX, "hamming": Image.HAMMING}


class Network:
    def __init__(self, entry):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(MODELS / entry["file"], options)
        self.size = (entry["input"]["width"], entry["input"]["height"])
        self.black, self.white = entry["input"]["range"]
        self.filter = FILTERS[entry["input"]["filter"]]
        self.classes = entry["output"]["classes"]
        self.temperature = entry["output"]["temperature"]

    def look(self, picture, rect, mirrored, temperature=None):
        """All classes' probabilities in a part of a picture, turned back where that was mirrored."""
        values = np.asarray(picture.resize(self.size, self.filter, box=rect), np.float32) / 255
        if mirrored:
            values = values[:, ::-1]
        values = np.ascontiguousarray(values * (self.white - self.black) + self.black)[None]
        wanted = self.session.get_inputs()[0]
        output = self.session.run(None, {wanted.name: values})[0][0]
        if len(self.classes) > 1:
            output = np.exp((output - output.max(-1, keepdims=True)) * (temperature or self.temperature))
            output /= output.sum(-1, keepdims=True)
        return np.ascontiguousarray(output[:, ::-1] if mirrored else output)

    def map(self, output, of):
        if of in self.classes:
            return np.ascontiguousarray(output[..., self.classes.index(of)])
        return 1 - output[..., self.classes.index("background")]


class Looks:
    """What the networks see in one picture, each look once."""

    def __init__(self, networks, picture, of):
        self.networks, self.picture, self.of = networks, picture, of
        self.whole = (0.0, 0.0, float(picture.width), float(picture.height))
        self.seen = {}

    def map(self, model, rect=None, mirrored=False, temperature=None, of=None):
        key = (model, rect, mirrored, temperature)
        if key not in self.seen:
            self.seen[key] = self.networks[model].look(self.picture, rect or self.whole, mirrored, temperature)
        return self.networks[model].map(self.seen[key], of or self.of)

    def around(self, model, margin, of=None):
        """The subject's part of the picture, with a margin of its size on each side."""
        return self.bounds(self.map(model, of=of), self.whole, margin)

    def bounds(self, probability, part, margin):
        """The same of a map of a part, as far as that goes."""
        rows, columns = np.where(probability > 0.5)
        if len(rows) == 0:
            return part
        ends = []
        for cells, count, start, end in ((columns, probability.shape[1], part[0], part[2]), (rows, probability.shape[0], part[1], part[3])):
            cell = (end - start) / count
            low, high = start + cells.min() * cell, start + (cells.max() + 1) * cell
            more = margin * (high - low)
            ends.append((float(round(max(start, low - more))), float(round(min(end, high + more)))))
        return (ends[0][0], ends[1][0], ends[0][1], ends[1][1])


def read(probability, part, rect, size):
    """A map of `part` at the centres of the cells of another grid, over `rect`; and which lie within it."""
    centres = [rect[i] + (np.arange(size[i]) + 0.5) * (rect[i + 2] - rect[i]) / size[i] for i in (0, 1)]
    scaled = [(centres[i] - part[i]) / (part[i + 2] - part[i]) * probability.shape[1 - i] - 0.5 for i in (0, 1)]
    x, y = np.meshgrid(*(at.astype(np.float32) for at in scaled))
    inside = ((centres[0] >= part[0]) & (centres[0] <= part[2]))[None] & ((centres[1] >= part[1]) & (centres[1] <= part[3]))[:, None]
    return cv2.remap(probability, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), inside


def logit(probability):
    clipped = np.clip(probability, 1e-3, 1 - 1e-3)
    return np.log(clipped / (1 - clipped))


def fuse(maps, logits=True):
    """The weighted mean of `(map, weight)`."""
    total = sum(weight for _, weight in maps)
    if not logits:
        return sum(probability * weight for probability, weight in maps) / total
    return 1 / (1 + np.exp(-sum(logit(probability) * weight for probability, weight in maps) / total))


def enlarge(values, size):
    return cv2.resize(np.ascontiguousarray(values, dtype=np.float32), size, interpolation=cv2.INTER_LINEAR)


def stretch(values, levels=LEVELS):
    return np.clip((values - levels[0]) / (levels[1] - levels[0]), 0, 1)


def guided(probability, guide, full, radius=RADIUS, epsilon=EPSILON, weights=None):
    """The guided filter in colour, its coefficients found on the map's own grid; `weights` say which cells count."""
    weights = np.ones_like(probability) if weights is None else weights
    box = lambda values: cv2.blur(values, (2 * radius + 1,) * 2, borderType=cv2.BORDER_CONSTANT)
    count, plain = box(weights), box(np.ones_like(weights))
    mean = lambda values: box(values * weights) / count
    p, colour = mean(probability), [mean(guide[..., c]) for c in range(3)]
    covariance = np.zeros(probability.shape + (3, 3), np.float32)
    for i in range(3):
        for j in range(3):
            covariance[..., i, j] = mean(guide[..., i] * guide[..., j]) - colour[i] * colour[j] + epsilon * (i == j)
    right = np.stack([mean(guide[..., c] * probability) - colour[c] * p for c in range(3)], -1)
    a = np.linalg.solve(covariance, right[..., None])[..., 0]
    b = p - sum(a[..., c] * colour[c] for c in range(3))
    size = full.shape[1::-1]
    big = lambda values: enlarge(box(np.ascontiguousarray(values)) / plain, size)
    return big(b) + sum(big(a[..., c]) * full[..., c] for c in range(3))


def joint_bilateral(probability, guide, full, sigma=0.1):
    """Each pixel is the mean of 5 by 5 cells, by their distance in cells and in colour."""
    height, width = full.shape[:2]
    rows, columns = probability.shape
    y = (np.arange(height) + 0.5) * rows / height - 0.5
    x = (np.arange(width) + 0.5) * columns / width - 0.5
    total, weight = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            cy, cx = np.round(y).astype(int) + dy, np.round(x).astype(int) + dx
            near = np.exp(-((cy - y) ** 2)[:, None] / 2 - ((cx - x) ** 2)[None] / 2)
            at = np.ix_(np.clip(cy, 0, rows - 1), np.clip(cx, 0, columns - 1))
            like = near * np.exp(-((full - guide[at]) ** 2).sum(-1) / (2 * sigma * sigma))
            total += like * probability[at]
            weight += like
    return total / np.maximum(weight, 1e-12)


def methods(looks, of):
    """Name, network runs, and the matte, of each."""
    picture, whole = looks.picture, looks.whole
    grid = (256, 256)
    pixels = np.asarray(picture, np.float32) / 255

    def lay(probability, rect, how, over=None):
        """The matte of a map of `rect`, on nothing or over another matte."""
        left, top, right, bottom = (int(end) for end in rect)
        matte = np.zeros(pixels.shape[:2], np.float32) if over is None else over.copy()
        full = pixels[top:bottom, left:right]
        size = probability.shape[1::-1]
        small = np.asarray(picture.resize(size, Image.BOX, box=rect), np.float32) / 255
        matte[top:bottom, left:right] = np.clip(how(probability, small, full), 0, 1)
        return matte

    bilinear = lambda p, _, full: enlarge(p, full.shape[1::-1])
    fast = lambda p, small, full: stretch(guided(p, small, full))

    def at_full_size(p, _, full):
        radius = max(1, round(RADIUS * full.shape[1] / p.shape[1]))
        return stretch(guided(enlarge(p, full.shape[1::-1]), full, full, radius))

    def confident(p, small, full):
        return stretch(guided(p, small, full, weights=0.05 + np.abs(2 * p - 1)))

    for model in ["selfie", "multiclass"] if of == "person" else ["multiclass"]:
        one = looks.map(model)
        raw = looks.map(model, temperature=3.0) if model == "multiclass" else one
        yield f"{model}, bilinear", 1, lay(raw, whole, bilinear)
        yield f"{model}, joint bilateral (0.1), levels", 1, lay(one, whole, lambda p, s, f: stretch(joint_bilateral(p, s, f)))
        if max(picture.size) <= 1200:
            yield f"{model}, guided at full size (small pictures only)", 1, lay(one, whole, at_full_size)
        yield f"{model}, fast guided without levels", 1, lay(one, whole, guided)
        yield f"{model}, **fast guided (fast)**", 1, lay(one, whole, fast)
        yield f"{model}, fast guided, sure cells count more", 1, lay(one, whole, confident)
        mirrored = looks.map(model, None, True)
        yield f"{model}, and mirrored", 2, lay(fuse([(one, 1), (mirrored, 1)]), whole, fast)
        for margin in (0.1, 0.2, 0.3):
            rect = looks.around(model, margin)
            first, crop = read(one, whole, rect, grid)[0], looks.map(model, rect)
            turned = looks.map(model, rect, True)
            yield f"{model}, subject + {margin}", 2, lay(crop, rect, fast)
            name = " **(balanced)**" if (of, model, margin) == ("person", "multiclass", 0.2) else ""
            yield f"{model}, subject + {margin}, and whole{name}", 2, lay(fuse([(crop, 1), (first, WHOLE)]), rect, fast)
            name = " **(balanced)**" if (of, model, margin) == ("person", "selfie", 0.2) else ""
            both = [(crop, 0.5), (turned, 0.5), (first, WHOLE)]
            yield f"{model}, subject + {margin}, mirrored, and whole{name}", 3, lay(fuse(both), rect, fast)
            if margin != 0.2:
                continue
            yield f"{model}, the same, means of probabilities", 3, lay(fuse(both, False), rect, fast)
            # Four tiles, each of six tenths of the subject's part.
            fine = (512, 512)
            size = [0.6 * (rect[i + 2] - rect[i]) for i in (0, 1)]
            sum_of, count = np.zeros(fine[::-1], np.float32), np.zeros(fine[::-1], np.float32)
            for i in range(4):
                left = rect[0] if i % 2 == 0 else rect[2] - size[0]
                top = rect[1] if i < 2 else rect[3] - size[1]
                tile = tuple(float(round(end)) for end in (left, top, left + size[0], top + size[1]))
                seen, inside = read(looks.map(model, tile), tile, rect, fine)
                sum_of += np.where(inside, logit(seen), 0)
                count += inside
            both = [read(crop, rect, rect, fine)[0], read(one, whole, rect, fine)[0]]
            tiles = 1 / (1 + np.exp(-(sum_of / np.maximum(count, 1) + logit(both[0]) + 0.15 * logit(both[1])) / 2.15))
            yield f"{model}, subject + {margin}, whole, and four tiles", 6, lay(tiles, rect, fast)
        if of == "hair":
            yield from hair(looks, lay, fast)
        if model == "selfie":
            rect = looks.around(model, 0.2)
            maps = [(read(one, whole, rect, grid)[0], WHOLE), (looks.map(model, rect), 1)]
            maps += [(read(looks.map("selfie-landscape", rect, turned), rect, rect, grid)[0], 0.25) for turned in (False, True)]
            yield "selfie and selfie-landscape, subject + 0.2, and whole", "2 + 2", lay(fuse(maps), rect, fast)
        if model == "multiclass" and of == "person":
            for name, margins in (("**fine**", (0.2,)), ("two margins", (0.1, 0.3))):
                rect = looks.around(model, margins[0])
                maps = [(read(one, whole, rect, grid)[0], 0.15)]
                for margin in margins:
                    part = looks.around(model, margin)
                    maps.append((read(looks.map(model, part), part, rect, grid)[0], 1 / len(margins)))
                    for turned in (False, True):
                        maps.append((read(looks.map("selfie", part, turned), part, rect, grid)[0], 0.25 / len(margins)))
                runs = f"{1 + len(margins)} + {2 * len(margins)}"
                both, matte = fuse(maps), lay(fuse(maps), rect, fast)
                yield f"multiclass and selfie, subject + {', '.join(map(str, margins))}, and whole ({name})", runs, matte
                if len(margins) > 1:
                    continue
                yield "multiclass and selfie, the same, sharper levels (0.3 to 0.7)", runs, lay(both, rect, lambda p, s, f: stretch(guided(p, s, f), (0.3, 0.7)))
                head = np.maximum(*(looks.map(model, rect, of=of) for of in ("hair", "face-skin")))
                part = looks.bounds(head, rect, 0.2)
                closer = [(looks.map(other, part, turned), weight) for other, weight in ((model, 0.5), ("selfie", 0.25)) for turned in (False, True)]
                for weight in (0.3, 1):
                    maps = closer + [(read(both, rect, part, grid)[0], weight)]
                    yield f"multiclass and selfie, the same, then the head + 0.2, and what was seen before (counts {weight})", "4 + 4", lay(fuse(maps), part, fast, matte)


def hair(looks, lay, fast):
    """Ways that look at all of the person first."""
    see = lambda rect=None, mirrored=False: looks.map("multiclass", rect, mirrored)
    whole, grid = looks.whole, (256, 256)
    rect = looks.around("multiclass", 0.2, "person")
    first, crop, turned = read(see(), whole, rect, grid)[0], see(rect), see(rect, True)
    person = fuse([(crop, 1), (first, WHOLE)])
    yield "multiclass, the person + 0.2, and whole **(balanced)**", 2, lay(person, rect, fast)
    yield "multiclass, the same, odds doubled", 2, lay(2 * person / (1 + person), rect, fast)
    yield "multiclass, the same, and mirrored", 3, lay(fuse([(crop, 0.5), (turned, 0.5), (first, WHOLE)]), rect, fast)
    face = np.maximum(person, looks.map("multiclass", rect, of="face-skin"))
    for name, seen in (("hair alone", person), ("the head", face)):
        part = looks.bounds(seen, rect, 0.2)
        closer = fuse([(see(part), 0.5), (see(part, True), 0.5)])
        before = read(person, rect, part, grid)[0]
        yield f"multiclass, the person, then {name} + 0.2, mirrored, means", 4, lay(fuse([(closer, 1), (before, WHOLE)]), part, fast)
        mark = " **(fine)**" if seen is face else ""
        yield f"multiclass, the person, then {name} + 0.2, mirrored, either{mark}", 4, lay(np.maximum(closer, before), part, fast)


def score(sets, half, only):
    spec = importlib.util.spec_from_file_location("evaluate", sets.parent / "evaluate.py")
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    networks = {entry["id"]: Network(entry) for entry in json.loads((MODELS / "registry.json").read_text())["models"]}
    for of, names in SUBJECTS.items():
        for name in names:
            if only and name not in only:
                continue
            for i, item in enumerate(json.loads((sets / name / "manifest.json").read_text())["items"]):
                if half is not None and i % 2 != half:
                    continue
                picture = Image.open(sets / name / item["image"]).convert("RGB")
                truth = evaluate.load(sets / name / item["mask"])
                for method, runs, matte in methods(Looks(networks, picture, of), of):
                    matte = np.round(matte * 255).astype(np.float32) / 255
                    if matte.shape != truth.shape:
                        matte = enlarge(matte, truth.shape[::-1])
                    figures = evaluate.score(matte, truth)
                    row = {"of": of, "set": name, "half": i % 2, "method": method, "runs": runs}
                    print(json.dumps(row | {key: round(float(figures[key]), 6) for key in KEYS}), flush=True)


def table(files):
    rows = [json.loads(line) for file in files for line in open(file)]
    for of, names in SUBJECTS.items():
        mine = [row for row in rows if row["of"] == of]
        order = list(dict.fromkeys(row["method"] for row in mine))
        bar = "selfie, bilinear" if of == "person" else "multiclass, bilinear"

        def mean(method, key, half, worst=False):
            """The mean over the sets that have the method, of it and of the bar on the same sets."""
            pairs = []
            for name in names:
                of_set = [[row[key] for row in mine if row["set"] == name and row["method"] == one and half in (None, row["half"])] for one in (method, bar)]
                if len(of_set[0]) == len(of_set[1]) > 0:
                    pairs.append([np.percentile(values, 10) if worst else np.mean(values) for values in of_set])
            return np.mean(pairs, 0)

        print(f"### {of.capitalize()}, against `{bar}`\n")
        print("| method | network runs | band error, times | first half | second half | tight boundary F | IoU | IoU, worst decile |")
        print("|---|---|---|---|---|---|---|---|")
        for method in order:
            shares = [np.divide(*mean(method, "band_mae", half)) for half in (None, 0, 1)]
            gains = [np.subtract(*mean(method, key, None, worst)) for key, worst in (("bft", False), ("iou", False), ("iou", True))]
            runs = next(row["runs"] for row in mine if row["method"] == method)
            print(f"| {method} | {runs} | " + " | ".join([f"{share:.3f}" for share in shares] + [f"{gain:+.3f}" for gain in gains]) + " |")
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", type=pathlib.Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--only", type=lambda names: names.split(","))
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.table:
        table(given.sets)
    elif len(given.sets) == 1:
        score(given.sets[0].resolve(), given.half, given.only)
    else:
        parser.error("want the folder of the sets")


if __name__ == "__main__":
    sys.exit(main())
