"""Where to look for parties like a given one, so that not all pairs need comparing.

Filed together are those with the same e-mail address, number, name written together, name less one letter, the same
words in another order, or a rare word in common; names that begin alike are searched for slips.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from clients.likeness.evidence import SIMILAR, Party
from clients.likeness.names import Name

#: Parties compared in one block; a more common word or postcode tells nothing.
LARGEST_BLOCK = 60
#: Names that begin alike and are searched for slips; beyond that a longer beginning is taken.
LARGEST_SEARCH = 500
BEGINNINGS = (4, 7, 11)
#: Slips are looked for in names of at least so many letters; in shorter ones nearly everything is one edit apart.
SHORTEST_KEY = 5
#: By how many of its words a name is filed, the rarest first.
RAREST = 3
#: What is shown of a party's candidates; the best come first.
CANDIDATES = 5


class Blocks:
    """A list of parties, filed under everything by which a similar one may be found."""

    def __init__(self, parties: Sequence[Party]) -> None:
        self._parties = parties
        self._words = Counter(word for party in parties for word in set(party.read.words))
        self._filed: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._beginnings: dict[str, dict[int, str]] = defaultdict(dict)
        for number, party in enumerate(parties):
            for block in self._blocks_of(party):
                self._filed[block].append(number)
            for length in BEGINNINGS:
                self._beginnings[f"{length}{party.read.key[:length]}"][number] = party.read.key

    def near(self, party: Party) -> Iterator[Party]:
        """Everybody worth comparing with the party, each once; never the very same object."""
        found = {number for block in self._blocks_of(party) for number in self._in_block(block)}
        found |= self._beginning_alike(party.read.key)
        for number in sorted(found):
            if self._parties[number] is not party:
                yield self._parties[number]

    def _in_block(self, block: tuple[str, str]) -> list[int]:
        numbers = self._filed.get(block, [])
        is_sure = block[0] in {"name", "email", "company"}
        return numbers if is_sure or len(numbers) <= LARGEST_BLOCK else []

    def _beginning_alike(self, key: str) -> set[int]:
        """Those whose name begins alike and is similar as a whole."""
        if len(key) < BEGINNINGS[0]:
            return set()
        for length in BEGINNINGS:
            block = self._beginnings.get(f"{length}{key[:length]}", {})
            if len(block) <= LARGEST_SEARCH:
                alike = process.extract(
                    key, block, scorer=OSA.normalized_similarity, score_cutoff=SIMILAR, limit=CANDIDATES
                )
                return {number for _, _, number in alike}
        return set()

    def _blocks_of(self, party: Party) -> Iterator[tuple[str, str]]:
        yield from (("email", email) for email in party.emails)
        if party.company_number:
            yield "company", party.company_number
        if party.vat_number:
            yield "vat", party.vat_number
        if party.read.key:
            yield from self._blocks_of_name(party.read)
        elif party.read.exact:
            yield "name", party.read.exact

    def _blocks_of_name(self, name: Name) -> Iterator[tuple[str, str]]:
        yield "name", name.key
        if name.trading_as:
            yield "name", name.trading_as
        if len(name.words) > 1:
            yield "order", " ".join(sorted(name.words))
        if len(name.key) >= SHORTEST_KEY:
            yield "slip", name.key
            yield from (("slip", name.key[:at] + name.key[at + 1 :]) for at in range(len(name.key)))
        telling = [word for word in set(name.words) if len(word) > 2 and self._words[word]]
        for word in sorted(telling, key=lambda word: (self._words[word], -len(word), word))[:RAREST]:
            yield "word", word
