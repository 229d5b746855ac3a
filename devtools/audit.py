"""What is known against the packages we pin: weaknesses, missing hashes, licences that would bind a user."""

import re
from collections.abc import Iterator
from importlib import metadata

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from devtools.paths import REQUIREMENTS

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
#: Licences that whoever runs or changes the product would have to take over; the LGPL of a library is not among them.
LESSER = re.compile(r"LGPL|Lesser|Library or Lesser", re.IGNORECASE)
BINDING = re.compile(r"\bA?GPL|General Public License", re.IGNORECASE)


def pinned() -> dict[str, str]:
    """Every package of the lock files and its version."""
    found: dict[str, str] = {}
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        found |= {canonicalize_name(name): version for name, version in PIN.findall(path.read_text())}
    return found


def advisories() -> Iterator[tuple[str, SpecifierSet, str]]:
    """The kept list: a package, the versions concerned, number and words."""
    for line in (REQUIREMENTS / "advisories.list").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, versions, words = line.split(maxsplit=2)
            yield canonicalize_name(name), SpecifierSet(versions), " ".join(words.split())


def known_weaknesses() -> str:
    """Pinned packages with a known weakness, one a line; empty when there are none."""
    return "\n".join(weaknesses_in(pinned()))


def weaknesses_in(versions: dict[str, str]) -> list[str]:
    """What the kept list says against these versions."""
    return [
        f"{name} {versions[name]}: {words}. Update it with ./dev lock --upgrade-package {name}."
        for name, concerned, words in advisories()
        if name in versions and concerned.contains(versions[name], prereleases=True)
    ]


def packages_without_hash() -> list[str]:
    """Pinned packages that pip could not check."""
    bare = []
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        text = path.read_text()
        starts = [*PIN.finditer(text)]
        ends = [match.start() for match in starts[1:]] + [len(text)]
        bare += [
            match[1]
            for match, end in zip(starts, ends, strict=True)
            if "--hash=sha256:" not in text[match.start() : end]
        ]
    return bare


def binding_licences() -> str:
    """Installed packages of the lock files under a licence that would bind a user, one a line."""
    found = []
    for name in sorted(pinned()):
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        words = [about["License-Expression"] or "", *(about.get_all("Classifier") or [])]
        licences = [word for word in words if word.startswith("License") or word == words[0]]
        if any(BINDING.search(word) and not LESSER.search(word) for word in licences):
            found.append(f"{name}: {'; '.join(filter(None, licences))}")
    return "\n".join(found)
