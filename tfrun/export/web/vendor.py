"""The browser libraries in `vendor/`: where each file is from, and whether it is still what was published.

python tfrun/export/web/vendor.py            compares the files with the hashes in vendor/files.json
python tfrun/export/web/vendor.py --fetch    takes them from npm's packages again (needs npm), then compares
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent / "vendor"


def packages() -> list[dict]:
    """name, version and licence on npm; files: {path here: {from: path in the package, sha256: …}}."""
    return json.loads((VENDOR / "files.json").read_text(encoding="utf-8"))


def version_of(target: str) -> str:
    """Version of the library that runs models of a target: `tfjs`, `litertjs`."""
    return next(package["version"] for package in packages() if any(path.startswith(f"{target}/") for path in package["files"]))


def differing() -> list[str]:
    """Files that are not there, or are not what the list says, or are not in the list."""
    listed = {path: file["sha256"] for package in packages() for path, file in package["files"].items()}
    present = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file() and file.parent != VENDOR}
    changed = {path for path in present & set(listed) if listed[path] != sha256(VENDOR / path)}
    return sorted(changed | (present ^ set(listed)))


def fetch() -> None:
    for package in packages():
        with tempfile.TemporaryDirectory() as folder:
            named = f"{package['name']}@{package['version']}"
            subprocess.run(["npm", "pack", "--silent", named], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as held:
                for path, file in package["files"].items():
                    (VENDOR / path).parent.mkdir(parents=True, exist_ok=True)
                    (VENDOR / path).write_bytes(held.extractfile(f"package/{file['from']}").read())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    if "--fetch" in sys.argv[1:]:
        fetch()
    wrong = differing()
    print("\n".join(f"differs: {path}" for path in wrong) or "all files are as published")
    sys.exit(bool(wrong))
