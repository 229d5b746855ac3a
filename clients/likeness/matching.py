"""Holding one list of parties against another without comparing all pairs.

Only parties that share a block are compared (`blocks`). What is suggested must be the one best fit on both sides.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from clients.likeness.blocks import CANDIDATES, Blocks
from clients.likeness.evidence import Alike, Party, why_alike
from clients.likeness.reasons import Reason, Verdict

#: As often as this in other parties' names, a spelling is a word of its own and no slip.
KNOWN_FROM = 3


@dataclass(frozen=True)
class Match:
    """What was found for one party of the left list."""

    left: Party
    verdict: Verdict
    #: The best first; empty for `Verdict.NEW`.
    candidates: tuple[Alike, ...]

    @property
    def best(self) -> Alike | None:
        """The candidate that is suggested, or would be looked at first."""
        return self.candidates[0] if self.candidates else None

    @property
    def exact(self) -> list[Alike]:
        """Candidates of the same name or e-mail address: making a new one beside them is warned about (D10)."""
        return [candidate for candidate in self.candidates if candidate.is_exact]


def match(left: Sequence[Party], right: Sequence[Party]) -> list[Match]:
    """One `Match` for each party of ``left``, in its order; keys are unique within a list.

    `EXACT` and `SUGGESTED` are given only to pairs of which each is the other's one best fit; what fits several
    equally, or fits somebody else better, is `DOUBTFUL`.
    """
    compare = _comparison(left, right)
    blocks = Blocks(right)
    pairs: list[Alike] = []
    for party in left:
        alike = [
            pair for other in blocks.near(party) if (pair := compare(party, other)).verdict or pair.is_exact
        ]
        pairs += sorted(alike, key=_order, reverse=True)[:CANDIDATES]
    settled = _settle(pairs)
    by_left: dict[Hashable, list[Alike]] = defaultdict(list)
    for pair in settled:
        by_left[pair.left.key].append(pair)
    return [_match(party, by_left.get(party.key, [])) for party in left]


def twins(parties: Sequence[Party]) -> list[Alike]:
    """Pairs within one list that are likely the same, the surest first; each pair once."""
    compare = _comparison(parties, ())
    blocks = Blocks(parties)
    place = {party.key: number for number, party in enumerate(parties)}
    pairs = [
        pair
        for party in parties
        for other in blocks.near(party)
        if place[other.key] > place[party.key] and (pair := compare(party, other)).verdict
    ]
    return sorted(pairs, key=lambda pair: (-pair.verdict, -pair.score, place[pair.left.key]))


def _comparison(left: Sequence[Party], right: Sequence[Party]) -> Callable[[Party, Party], Alike]:
    """How pairs are compared, given who else there is."""
    shared = _used_by_several(left) | _used_by_several(right)
    known = Counter(word for party in (*left, *right) for word in set(party.read.words))
    return partial(why_alike, shared_emails=shared, is_known_word=lambda word: known[word] >= KNOWN_FROM)


def _used_by_several(parties: Iterable[Party]) -> frozenset[str]:
    counted = Counter(email for party in parties for email in party.emails)
    return frozenset(email for email, count in counted.items() if count > 1)


def _order(pair: Alike) -> tuple[int, int, bool]:
    return pair.verdict, pair.score, pair.is_exact


def _match(party: Party, found: list[Alike]) -> Match:
    ordered = tuple(sorted(found, key=_order, reverse=True))
    return Match(party, ordered[0].verdict if ordered else Verdict.NEW, ordered)


def _settle(pairs: list[Alike]) -> list[Alike]:
    """The pairs, with those that are not each other's one best fit made doubtful (D15, G55)."""
    sure = [pair for pair in pairs if pair.verdict >= Verdict.SUGGESTED]
    of_left, of_right = _rivals(sure, lambda pair: pair.left.key), _rivals(sure, lambda pair: pair.right.key)

    def settled(pair: Alike) -> Alike:
        if pair.verdict < Verdict.SUGGESTED:
            return pair
        if of_left[pair.left.key].is_won_by(pair) and of_right[pair.right.key].is_won_by(pair):
            return pair
        return replace(pair, verdict=Verdict.DOUBTFUL, reasons=(*pair.reasons, Reason.SEVERAL))

    return [settled(pair) for pair in pairs]


@dataclass
class _Rivals:
    """The sure pairs of one party."""

    pairs: list[Alike]

    def is_won_by(self, pair: Alike) -> bool:
        """Whether the pair is the one best; two of exactly the same name are never told apart (D15)."""
        if len(self.pairs) == 1:
            return True
        if any(other is not pair and _order(other)[:2] >= _order(pair)[:2] for other in self.pairs):
            return False
        namesakes = [each for each in self.pairs if Reason.SAME_NAME in each.reasons]
        return not (pair in namesakes and len(namesakes) > 1)


def _rivals(pairs: list[Alike], key_of: Callable[[Alike], Hashable]) -> dict[Hashable, _Rivals]:
    grouped: dict[Hashable, _Rivals] = defaultdict(lambda: _Rivals([]))
    for pair in pairs:
        grouped[key_of(pair)].pairs.append(pair)
    return grouped
