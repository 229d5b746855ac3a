"""Reading what programs send: amounts as Decimal, nothing that brings the process down."""

import json
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class MoneySafeJSONParser(JSONParser):
    """JSON whose numbers with a point are Decimal, and whose nesting is bounded by a clear refusal."""

    def parse(self, stream: Any, *_: Any, **__: Any) -> Any:
        """The parsed body; raises `ParseError` (400) for anything that is not JSON."""
        try:
            return json.loads(stream.read().decode(), parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"This is not JSON we can read: {str(error)[:100]}") from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")
