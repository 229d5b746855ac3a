"""Keys of rows as forms and addresses give them."""

from django.http import QueryDict

#: Digits that the largest key of a row certainly has room for.
LONGEST = 18


def row_key(text: str) -> int:
    """The key that the text is; 0, which no row has, where it is none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else 0


def row_keys(sent: QueryDict, name: str = "selected") -> list[int]:
    """The keys sent under this name, in their order; what is none is left out."""
    return [key for text in sent.getlist(name) if (key := row_key(text))]
