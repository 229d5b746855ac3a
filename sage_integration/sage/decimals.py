"""Amounts on their way from and to Sage's JSON, exact in both directions.

Sage writes decimals as strings ("6011.4") where its Swagger says number, and takes numbers
(FACTS.md 3). A float never comes near them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import NewType

#: A Decimal that `number` has passed for sending.
JsonNumber = NewType("JsonNumber", Decimal)

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
#: What JSON can escape and no database can hold: the character zero, and halves of pairs.
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def decimal(value: object) -> Decimal:
    """The exact amount behind a JSON string or number; anything else raises ValueError."""
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise ValueError(f"Not a decimal: {value[:40]!r}")
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise ValueError(f"Not a decimal: {type(value).__name__}")


def number(value: Decimal) -> JsonNumber:
    """The amount as it may stand in a body to Sage; ValueError unless it is finite."""
    if not value.is_finite():
        raise ValueError(f"Not an amount: {value}")
    return JsonNumber(value)


def json_text(value: object) -> str:
    """The value as JSON, decimals digit for digit as numbers; TypeError for a float or a stranger."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)  # type: ignore[arg-type]  # a str, by its type
    if kind is Decimal:
        return format(number(value), "f")  # type: ignore[arg-type]  # a Decimal, by its type
    if kind is dict:
        # Most of what is sent stands in objects, and is texts and amounts: they need no turn of their own.
        members = []
        for key, member in value.items():  # type: ignore[attr-defined]  # a dict, by its type
            inside = type(member)
            if inside is str:
                members.append(f"{_name(key)}:{encode_basestring(member)}")
            elif inside is Decimal:
                members.append(f"{_name(key)}:{number(member):f}")
            else:
                members.append(f"{_name(key)}:{json_text(member)}")
        return "{" + ",".join(members) + "}"
    if kind is list or kind is tuple:
        return "[" + ",".join([json_text(member) for member in value]) + "]"  # type: ignore[attr-defined]
    return _rarer(value)


@lru_cache(maxsize=1000)
def _name(key: object) -> str:
    """A name in an object: there are few, and each is written with every document."""
    return encode_basestring(str(key))


def _rarer(value: object) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return json_text(dict(value))
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return format(number(value), "f")
    raise TypeError(f"{type(value).__name__} has no place in a body to Sage")


def json_value(text: str | bytes) -> object:
    """What the JSON says, with numbers as Decimal and texts that can be stored; ValueError if it is not JSON."""
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text))
        value: object = _DECODER.decode(text)
        return _storable(value) if _UNSTORABLE_ESCAPE.search(text) else value
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def _storable(value: object) -> object:
    """The same with a sign in place of each character that no database can hold: one must not cost a whole batch."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_storable(member) for member in value]
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Made once: the library makes one for every text that is read in another way than its own.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def with_decimals(value: object, fields: Iterable[str]) -> object:
    """The JSON itself, with the named fields as Decimal at any depth; null and "" become None.

    Raises ValueError for an amount that is none. Changed in place, as most of an answer stays what it is.
    """
    names = frozenset(fields)

    def convert(part: object) -> None:
        if type(part) is dict:
            for name, member in part.items():
                if name in names:
                    part[name] = _amount(member)
                elif type(member) in _NESTED:
                    convert(member)
        elif type(part) is list:
            for member in part:
                convert(member)

    convert(value)
    return value


_NESTED = {dict, list}


def _amount(value: object) -> Decimal | None:
    # Most are texts that are amounts; empty ones stand for null in Sage's answers (FACTS.md 3).
    if value is None or value == "":
        return None
    return _read(value) if type(value) is str else decimal(value)


@lru_cache(maxsize=4096)
def _read(text: str) -> Decimal:
    """The amount a text says: fees, rates and quantities are the same month after month, and for many clients."""
    return decimal(text)
