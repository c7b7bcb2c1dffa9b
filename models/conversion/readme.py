"""The tables in `models/README.md`, generated from the registry so that they cannot part from it."""

import re

from .registry import MODELS

README = MODELS / "README.md"


def contracts(registry: dict) -> str:
    rows = []
    for entry in registry["models"]:
        given, made = entry["input"], entry["output"]
        activation = made["activation"]
        if activation != "none":
            activation += f" of the output times {made['temperature']}"
        low, high = given["range"]
        rows.append(
            [
                f"`{entry['id']}`",
                f"{given['width']} x {given['height']}",
                f"{given['channels']}, [{low}, {high}]",
                activation,
                ", ".join(made["classes"]),
                f"{entry['multiplyAdds'] / 1e6:,.1f} M",
                f"{entry['bytes']:,}",
            ]
        )
    head = ["model", "input", "channels, range", "still needed", "classes", "multiply-adds", "bytes"]
    return _table(head, rows)


def agreement(registry: dict) -> str:
    rows = []
    for entry in registry["models"]:
        found = entry["agreement"]
        cells = [f"{found[part][value]:.1e}" for part in PARTS for value in ("maxAbs", "meanAbs")]
        rows.append([f"`{entry['id']}`", *cells, str(len(found["photographs"]))])
    head = ["model"] + [f"{label}, {kind}" for label in PARTS.values() for kind in ("max", "mean")] + ["photographs"]
    return _table(head, rows)


PARTS = {"translation": "translation", "output": "output", "probabilities": "probabilities"}
TABLES = {"contracts": contracts, "agreement": agreement}


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def render(text: str, registry: dict) -> str:
    """`text` with what stands between each pair of markers made anew."""
    for name, table in TABLES.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        if len(marked.findall(text)) != 1:
            raise SystemExit(f"{README.name} has no pair of markers called {name}")
        text = marked.sub(lambda match, table=table: match[1] + table(registry) + match[2], text)
    return text


def update(registry: dict):
    README.write_text(render(README.read_text(encoding="utf-8"), registry), encoding="utf-8")
