#!/usr/bin/env python3
"""Writes vectors.json: what the gate must answer, worked out without any of its code.

    python3 companion/vectors.py            writes it
    python3 companion/vectors.py --check    fails if it would be another

The definition, in full. An id is hashed as
    SHA-256(tag US flag US salt US purpose US id)
with the tag "featheredge-gate-1", US the byte 0x1F, a purpose of "gate", "variant" or "list", and all of it in UTF-8.
The first eight bytes, big endian, times a total, shifted right by 64 bits, are a place below that total:
    gate       of 10,000: in where it is below the share in hundredths of a percent
    variant    of the sum of weights: the first variant whose weights, summed up to and with it, are above the place
The first sixteen bytes of the "list" hash, in hexadecimal, are how lists name the id. The empty id is out.
"""

import hashlib
import json
import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("vectors.json")

ROLLOUTS = [
    {
        "version": 1,
        "flag": "hair-cutout",
        "salt": "2026-11",
        "stage": "TEN_PERCENT",
        "variants": [
            {"name": "control", "weight": 50, "model": "selfie", "control": True},
            {"name": "multiclass", "weight": 50, "model": "multiclass"},
        ],
    },
    {
        "version": 1,
        "flag": "hair-cutout",
        "salt": "2026-12",
        "percentage": "33.33%",
        "variants": [
            {"name": "a", "weight": 1, "model": "selfie"},
            {"name": "never", "weight": 0, "model": "selfie"},
            {"name": "b", "weight": 9999, "model": "selfie-landscape"},
            {"name": "c", "weight": 10000, "model": "multiclass"},
        ],
    },
    {
        "version": 1,
        "flag": "0123456789-abcdefghijklmnopqrst-",
        "salt": "Grüße, 世界 🌍",
        "stage": "FULL",
        "variants": [{"name": "only", "weight": 10000, "model": "selfie"}],
    },
    {
        "version": 1,
        "flag": "nothing",
        "salt": "s",
        "stage": "DISABLED",
        "variants": [{"name": "only", "weight": 1, "model": "selfie"}],
    },
]

IDS = [
    "",
    "a",
    "user-1",
    "user-2",
    "00000000-0000-4000-8000-000000000000",
    " leading and trailing ",
    "é",  # one character
    "e\u0301",  # the same to the eye, two characters: another id
    "naïve@exämple.org",
    "Ω≈ç√∫",
    "世界",
    "🧑\u200d🦰",  # a person with red hair: two characters joined
    "👍🏽",
    "\u0000",
    "a\u001fb",
    "x" * 1000,
    "\U0010ffff",
] + [f"id-{number}" for number in range(40)]

SHARES = {"DISABLED": 0, "TEN_PERCENT": 1000, "FIFTY_PERCENT": 5000, "FULL": 10000}


def digest(rollout, purpose, name):
    parts = ["featheredge-gate-1", rollout["flag"], rollout["salt"], purpose, name]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).digest()


def place(hashed, total):
    return int.from_bytes(hashed[:8], "big") * total >> 64


def share(rollout):
    if "stage" in rollout:
        return SHARES[rollout["stage"]]
    return round(float(rollout["percentage"].rstrip("%")) * 100)


def draw(rollout, name):
    weights = [variant["weight"] for variant in rollout["variants"]]
    at = place(digest(rollout, "variant", name), sum(weights))
    return next(number for number in range(len(weights)) if sum(weights[: number + 1]) > at)


def answer(rollout, name):
    bucket = place(digest(rollout, "gate", name), 10000) if name else None
    if share(rollout) == 0:
        reason = "disabled"
    elif not name:
        reason = "no-id"
    else:
        reason = "gate" if bucket < share(rollout) else "out"
    return {
        "id": name,
        "bucket": bucket,
        "reason": reason,
        "variant": rollout["variants"][draw(rollout, name)]["name"] if reason == "gate" else None,
        "listed": digest(rollout, "list", name).hex()[:32],
    }


def written(rollout, answers):
    """One answer a line, so that a change shows."""
    line = lambda value: json.dumps(value, ensure_ascii=False)
    return '{"rollout": ' + line(rollout) + ',\n "answers": [\n  ' + ",\n  ".join(map(line, answers)) + "\n ]}"


def main():
    vectors = [{"rollout": rollout, "answers": [answer(rollout, name) for name in IDS]} for rollout in ROLLOUTS]
    text = "[" + ",\n".join(written(**vector) for vector in vectors) + "]\n"
    if "--check" in sys.argv[1:]:
        sys.exit(None if FILE.read_text(encoding="utf-8") == text else f"{FILE.name} is not what this script makes")
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
