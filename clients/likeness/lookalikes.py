"""When one letter is a slip, and when it makes another name."""

#: Surnames and trades that are one letter apart and both real: never taken for a slip.
ONE_LETTER_APART: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "davis davies", "thomson thompson", "johnson johnston johnstone jonson", "simmons simmonds",
        "macdonald mcdonald", "stephenson stevenson", "nicholson nicolson", "hutchinson hutchison",
        "dickinson dickenson", "jeffery jeffrey", "pearson pierson", "edmonds edmunds", "matthews mathews",
        "whittaker whitaker", "morrison morison", "simpson simson", "sanders saunders", "sanderson saunderson",
        "lawrence laurence", "catherine katherine catharine", "rodgers rogers", "nelson neilson nielson",
        "harrison garrison", "marshall marshal", "maclean mclean", "mackenzie mckenzie", "macintosh mcintosh",
        "patterson paterson", "cunningham cuningham", "robinson robison", "chambers chamber", "fletcher fletchers",
        "painting printing pointing planting", "farming framing", "cleaning clearing", "planning planing",
        "plating plaiting", "trading grading", "catering watering", "building gilding", "roofing proofing",
        "coating coaching", "heating seating", "lighting fighting", "dancing lancing", "fitting fixing",
        "motors motor", "haulage homage", "welding wedding", "drawing drawings", "packing parking backing",
        "marketing markets", "stationary stationery", "physical physician", "hotels hostels", "tiling filing",
        "lending landing", "decking docking", "bathrooms bedrooms", "designs design", "stables staples",
        "gardens garden", "houses horses", "houses hoses", "foods floods", "brewery bravery", "scaffolds scaffold",
        "northern southern", "western eastern", "eastwood westwood", "eastgate westgate", "eastside westside",
        "eastfield westfield", "eastbourne westbourne", "interior exterior", "interiors exteriors",
        "broker brokers", "surveys surveyors", "mechanics mechanical", "electrics electrical",
    )
)  # fmt: skip
#: In a shorter word another letter is as likely another name: Lane, Lang, Long; letters swapped are a slip sooner.
SHORTEST, SHORTEST_SWAPPED = 6, 5
#: Spelled one way or the other: Fraser and Frazer, Sterling and Stirling.
_EITHER_WAY = ({"i", "y"}, {"s", "z"}, {"c", "k"})
#: A single word this long is telling enough by itself.
LONG = 9


def is_a_slip(left: str, right: str, *, alone: bool) -> bool:
    """Whether two words one edit apart are surely the same word, ``alone`` when they are the whole name."""
    shortest = LONG if alone else SHORTEST_SWAPPED if sorted(left) == sorted(right) else SHORTEST
    if min(len(left), len(right)) < shortest or left[0] != right[0]:
        return False
    if not (left.isalpha() and right.isalpha()):
        return False
    if any(left in group and right in group for group in ONE_LETTER_APART):
        return False
    if len(left) == len(right):
        return not _another_spelling(left, right)
    shorter, longer = sorted((left, right), key=len)
    return not (longer.startswith(shorter) or _doubled(shorter, longer))


def _another_spelling(left: str, right: str) -> bool:
    """Smith and Smyth, Wells and Wills, Andersen and Anderson: one letter for another that sounds like it."""
    pairs = [{a, b} for a, b in zip(left, right, strict=True) if a != b]
    if len(pairs) != 1 or (len(left) >= LONG and not left.endswith(("sen", "son"))):
        return False
    return pairs[0] <= set("aeiouy") or pairs[0] in _EITHER_WAY


def _doubled(shorter: str, longer: str) -> bool:
    """Bennet and Bennett, Mathews and Matthews."""
    at = next((i for i, letter in enumerate(shorter) if letter != longer[i]), len(shorter))
    return len(shorter) < LONG and at > 0 and longer[at] == longer[at - 1]
