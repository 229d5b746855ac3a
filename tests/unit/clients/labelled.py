"""The labelled names, read: who is on the books, who is in Sage, and which of them are the same."""

from pathlib import Path

from clients.likeness import Party

FILE = Path(__file__).with_name("labelled_names.txt")


def labelled() -> tuple[list[Party], list[Party], set[tuple[str, str]]]:
    """Clients, contacts, and the pairs of keys that are one and the same."""
    clients, contacts, same = [], [], set()
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines()):
        if line.startswith("#"):
            continue
        ours, theirs = line.split("|")
        pair = (f"client {number}", f"contact {number}")
        if ours.strip():
            clients.append(Party(pair[0], ours.removesuffix(" ")))
        if theirs.strip():
            contacts.append(Party(pair[1], theirs.removeprefix(" ")))
        if ours.strip() and theirs.strip():
            same.add(pair)
    return clients, contacts, same
