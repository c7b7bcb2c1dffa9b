"""Makes the ONNX files of this folder from the networks' published TFLite files.

    python models/convert.py                     write the files, checksums and README tables
    python models/convert.py --check             fail unless a new conversion gives the same bytes
    python models/convert.py --agree ID...       measure against LiteRT on fixtures and record it
    python models/convert.py --rounding ID...    list what rounding each weight of multiclass costs
    python models/convert.py --means ID...       measure the means that its rounding needs on fixtures
    python models/convert.py --readme            rewrite the README's tables from the registry
    python models/convert.py --file TFLITE ONNX  convert a network that is not in the registry
"""

import argparse
import sys
import tempfile
from pathlib import Path

from conversion import agreement, precision, readme, registry, rounding, source, tflite
from conversion.fold import fold
from conversion.operators import Translation


def write():
    known = registry.load()
    for entry in known["models"]:
        file, entry["multiplyAdds"] = registry.convert(entry)
        (registry.MODELS / entry["file"]).write_bytes(file)
        entry["sha256"], entry["bytes"] = source.sha256(file), len(file)
        print(f"{entry['file']}: {len(file):,} bytes, {entry['multiplyAdds'] / 1e6:,.1f} M multiply-adds")
    registry.save(known)
    readme.update(known)


def check():
    """Exits with 1 unless converting again gives the committed bytes and what the registry says of them."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for entry in registry.load()["models"]:
            made = Path(folder) / entry["file"]
            file, multiply_adds = registry.convert(entry)
            made.write_bytes(file)
            checksum, size = source.sha256(made.read_bytes()), made.stat().st_size
            found = {"sha256": checksum, "bytes": size, "multiplyAdds": multiply_adds}
            committed = source.sha256((registry.MODELS / entry["file"]).read_bytes())
            if found["sha256"] != committed:
                wrong.append(f"{entry['file']} has SHA-256 {committed}, the converter gives {found['sha256']}")
            wrong += [
                f"{entry['id']}: {field} is {entry[field]} in the registry, the converter gives {value}"
                for field, value in found.items()
                if entry[field] != value
            ]
    if wrong:
        sys.exit("\n".join(wrong))
    print("the converter gives the committed files, byte for byte")


def agree(photographs: list[str]):
    """Measures every model on fixtures and records the result; exits with 1 above a bound."""
    known = registry.load()
    above = []
    for entry in known["models"]:
        found = agreement.measure(entry, photographs or entry["agreement"]["photographs"])
        entry["agreement"] = found
        print(f"{entry['id']}:")
        for part in readme.PARTS:
            print(f"  {part}: max {found[part]['maxAbs']:.2e}, mean {found[part]['meanAbs']:.2e}")
        above += agreement.above_bounds(entry)
    registry.save(known)
    readme.update(known)
    if above:
        sys.exit("\n".join(above))


def list_rounding(photographs: list[str]):
    """Prints what rounding costs for every model that has weights which 16 bits round."""
    for entry in rounding_models():
        rounded = precision.rounded(entry["id"])
        paths = [registry.photograph(name) for name in photographs or entry["agreement"]["photographs"]]
        for name, size, rms, most in rounding.effects(entry, paths):
            kept = "16 bits" if name in rounded else "fp32"
            print(f"{entry['id']} {name:<26} {size:>8,} weights, {kept}: rms {rms:.1e}, max {most:.1e}")


def convert_file(network: Path, onnx: Path):
    """Converts a network as those of the registry are, with every weight kept as it is."""
    read = tflite.read(network.read_bytes())
    fold(read)
    model = Translation(read, {}).run(network.stem)
    onnx.write_bytes(model.SerializeToString(deterministic=True))


def measure_means(photographs: list[str]):
    """Measures the mean of what each large tensor of weights reads, and writes them down."""
    known = precision.load()
    for entry in rounding_models():
        names = photographs or known[entry["id"]]["photographs"]
        means = rounding.input_means(entry, [registry.photograph(name) for name in names])
        known[entry["id"]] = {"photographs": names, "means": means}
    precision.save(known)


def rounding_models() -> list[dict]:
    return [entry for entry in registry.load()["models"] if entry["id"] in precision.EXACT]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare a new conversion with the committed files")
    mode.add_argument("--agree", nargs="*", metavar="ID", help="measure against LiteRT (default: as last time)")
    mode.add_argument("--rounding", nargs="*", metavar="ID", help="list what rounding each weight costs")
    mode.add_argument("--means", nargs="*", metavar="ID", help="measure the means of the layers' inputs")
    mode.add_argument("--readme", action="store_true", help="rewrite the README's tables")
    mode.add_argument("--file", nargs=2, type=Path, metavar=("TFLITE", "ONNX"), help="convert one file")
    options = parser.parse_args()
    if options.check:
        check()
    elif options.rounding is not None:
        list_rounding(options.rounding)
    elif options.means is not None:
        measure_means(options.means)
    elif options.agree is not None:
        agree(options.agree)
    elif options.file is not None:
        convert_file(*options.file)
    elif options.readme:
        readme.update(registry.load())
    else:
        write()


if __name__ == "__main__":
    main()
