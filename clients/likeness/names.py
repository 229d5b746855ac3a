"""A name taken apart: what it is called, which legal form it has, and how it happens to be written."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: Spellings of a legal form, longest first, and what each of them is. Cyf and CCC are Ltd and plc in Welsh.
FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("charitable", "incorporated", "organisation"), "cio"),
    (("community", "interest", "company"), "cic"),
    (("limited", "liability", "partnership"), "llp"),
    (("public", "limited", "company"), "plc"),
    (("limited", "partnership"), "lp"),
    (("limited",), "ltd"),
    (("ltd",), "ltd"),
    (("cyfyngedig",), "ltd"),
    (("cyf",), "ltd"),
    (("plc",), "plc"),
    (("ccc",), "plc"),
    (("llp",), "llp"),
    (("lp",), "lp"),
    (("cic",), "cic"),
    (("cio",), "cio"),
    (("inc",), "inc"),
    (("incorporated",), "inc"),
    (("llc",), "llc"),
)
_FORMS_BY_LAST_WORD = {
    last: [each for each in FORMS if each[0][-1] == last] for last in {spelling[-1] for spelling, _ in FORMS}
}
#: Usual short spellings, and the words they stand for.
ABBREVIATIONS = {
    "co": "company",
    "bros": "brothers",
    "assoc": "associates",
    "assocs": "associates",
    "intl": "international",
    "mgmt": "management",
    "mfg": "manufacturing",
    "svcs": "services",
    "st": "saint",
    "mt": "mount",
}
#: Words that tell no name from another.
TELLING_NOTHING = frozenset({"and", "company"})
TITLES = {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "lord", "lady", "rev"}
_USUAL = (
    "adam alan alex alice amy andrew ann anna anne anthony barry ben beth brian carol caroline chris christine "
    "claire colin craig daniel dave david dawn debbie derek diane donald donna duncan edward elaine elizabeth "
    "emily emma eric fiona frank gareth gary geoff george gillian gordon graham greg hannah harry heather helen "
    "ian jack jackie james jane janet jason jean jennifer jenny jessica jim joan joanne joe john jonathan joseph "
    "julia julie karen kate katie keith ken kevin kim laura lee lesley linda lisa liz louise lucy margaret maria "
    "mark martin mary matthew michael michelle mike neil nicholas nick nicola nigel oliver olivia pam pat patricia "
    "patrick paul pauline peter phil philip rachel ray rebecca richard rob robert robin roger ruth sally sam "
    "samantha sandra sara sarah sean sharon sheila simon sophie stephen steve steven stuart sue susan suzanne "
    "teresa terry thomas tim tom tony tracy trevor victoria wendy william"
)
#: A name that begins like this may be a person as well as that person's company, and those are two clients.
GIVEN_NAMES = frozenset(_USUAL.split())
_TRADING_AS = re.compile(r"\b(?:t/a|trading as|t\.a\.)(?=\s|$)")
_AND = re.compile(r"[&+]")
_INITIALISM = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
_WORDS = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼ")
#: Letters that Unicode does not take apart into a letter and an accent.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """One name, taken apart for comparison."""

    written: str
    #: Trimmed and without regard to case: equal here is the same name (ruling D10). Empty when there is none.
    exact: str
    #: The words that make it this name: no legal form, title or leading "the"; "&" is "and".
    words: tuple[str, ...]
    #: Those words written together, for names that differ by spacing.
    key: str
    #: The legal form (`ltd`, `plc`, …) and the person's title; empty where none is written.
    form: str
    title: str
    #: The same for the name after "trading as"; empty mostly.
    trading_as: str

    @property
    def may_be_a_person(self) -> bool:
        """Whether somebody might be called so: a title, or a given name or initial before one or two words."""
        if self.title:
            return True
        first = self.words[0] if self.words else ""
        return (
            2 <= len(self.words) <= 3
            and (len(first) == 1 or first in GIVEN_NAMES)
            and "and" not in self.words
        )


@lru_cache(maxsize=4096)
def read_name(written: str) -> Name:
    """The name taken apart; never refuses one, whatever is written there."""
    exact = unicodedata.normalize("NFC", written).strip().casefold()
    main, trading = _split_trading_name(exact)
    words, title, form = _plain_words(main)
    trading_as = "".join(_plain_words(trading)[0]) if trading else ""
    return Name(written, exact, words, "".join(words), form, title, trading_as)


def unaccented(text: str) -> str:
    """The text with plain letters, without marks that are not seen (direction, zero width)."""
    taken_apart = unicodedata.normalize("NFKD", text)
    kept = "".join(each for each in taken_apart if unicodedata.category(each) not in {"Mn", "Cf", "Me"})
    return kept.translate(_PLAIN_LETTERS)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without accents, marks and abbreviating dots; "&" is "and"."""
    plain = unaccented(text.casefold()) if not text.isascii() else text.casefold()
    plain = _AND.sub(" and ", plain.translate(_APOSTROPHES))
    plain = _INITIALISM.sub(lambda found: found[0].replace(".", ""), plain)
    return _WORDS.findall(plain)


def _split_trading_name(text: str) -> tuple[str, str]:
    parts = _TRADING_AS.split(text, maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 and parts[0].strip() else (text, "")


def _plain_words(text: str) -> tuple[tuple[str, ...], str, str]:
    """The words that make the name, its title and its legal form."""
    words = _surname_last(text) or words_of(text)
    words, form = _without_form(words)
    title = words[0] if len(words) > 1 and words[0] in TITLES else ""
    if title or (len(words) > 1 and words[0] == "the"):
        words = words[1:]
    return tuple(ABBREVIATIONS.get(word, word) for word in words), title, form


def _surname_last(text: str) -> list[str]:
    """The words of "Smith, John" in the usual order; nothing for any other name."""
    if text.count(",") != 1:
        return []
    surname, rest = (words_of(part) for part in text.split(","))
    is_person = len(surname) == 1 and 1 <= len(rest) <= 3 and "and" not in rest
    return [*rest, *surname] if is_person and not _without_form(["x", *rest])[1] else []


def _without_form(words: list[str]) -> tuple[list[str], str]:
    """The words before the legal form, and the form, were it said twice; a name that is only a form keeps it."""
    form = ""
    for _ in range(2):
        for spelling, meaning in _FORMS_BY_LAST_WORD.get(words[-1] if words else "", ()):
            is_more = len(words) > len(spelling) and form in {"", meaning}
            if is_more and tuple(words[-len(spelling) :]) == spelling:
                words, form = words[: -len(spelling)], meaning
                break
    return words, form
