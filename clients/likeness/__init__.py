"""How alike two clients, or a client and a contact in an accounting package, are, and why.

Values in, values out: nothing here asks the database or a clock. `match` holds one list against another,
`twins` a list against itself; `why_alike` compares one pair. See `reasons.Verdict` for what the classes mean.
"""

from clients.likeness.evidence import Alike, Party, why_alike
from clients.likeness.matching import Match, match, twins
from clients.likeness.names import Name, read_name
from clients.likeness.reasons import Reason, Verdict

__all__ = ["Alike", "Match", "Name", "Party", "Reason", "Verdict", "match", "read_name", "twins", "why_alike"]
