"""Named switches for everything the facts leave open; each default is the stricter reading (FACTS.md 17)."""

import json
from dataclasses import dataclass
from typing import Any

from sage_sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: its default, the values it takes (a tuple of choices, or a type) and what it decides."""

    default: Any
    allowed: tuple[str, ...] | type
    decides: str


SWITCHES: dict[str, Switch] = {
    "tax_when_omitted": Switch(
        "reject", ("reject", "zero", "compute"), "a line without tax_amount at a rate above zero (17.1)"
    ),
    "tax_rate_required": Switch(True, bool, "whether a line must name its tax rate (FACTS.md 5)"),
    "put_lines": Switch("merge", ("merge", "replace"), "what a PUT does to lines it leaves out (17.2)"),
    "put_contact": Switch(
        "merge",
        ("merge", "replace", "reject_used"),
        "what a PUT of a contact leaves of the parts of address and person it does not name, or that it is refused "
        "once the contact has transactions (FACTS.md 6)",
    ),
    "search_mode": Switch("substring", ("substring", "prefix", "exact"), "how `search` matches (17.3)"),
    "index_delay_seconds": Switch(
        0, int, "how long a new record stays out of lists with a deleted feed (17.3)"
    ),
    "payment_bumps_invoice_updated_at": Switch(
        False, bool, "whether a payment moves the invoice's updated_at (17.4)"
    ),
    "rate_limit_per_minute": Switch(200, int, "requests a window for each business, 0 for no limit (17.5)"),
    "rate_limit_window_seconds": Switch(60, int, "length of that window"),
    "rate_limit_per_day": Switch(0, int, "requests a day for each business, 0 for no limit"),
    "in_flight_limit": Switch(150, int, "requests at once for each client id, 0 for no limit (FACTS.md 4)"),
    "retry_after_header": Switch(True, bool, "whether a 429 carries Retry-After (17.5)"),
    "limit_body": Switch("json", ("json", "html", "empty"), "the body of a 429 (17.5)"),
    "idempotency": Switch(True, bool, "whether idempotency_id is honoured at all (17.6)"),
    "idempotency_on_put": Switch(False, bool, "whether idempotency_id is honoured on a PUT as well (17.6)"),
    "idempotency_changed_body": Switch(
        "replay", ("replay", "reject"), "the same id with another body (17.6)"
    ),
    "idempotency_days": Switch(7, int, "how long an id is remembered (17.6)"),
    "refresh_grace_seconds": Switch(0, int, "how long a rotated refresh token still works (17.7)"),
    "access_token_seconds": Switch(300, int, "life of an access token (FACTS.md 1.2)"),
    "refresh_token_days": Switch(31, int, "life of a refresh token (FACTS.md 1.2)"),
    "code_seconds": Switch(60, int, "life of an authorisation code (FACTS.md 1.1)"),
    "remember_consent": Switch(
        False, bool, "whether a second authorisation skips the consent page (FACTS.md 1.1)"
    ),
    "void_reason_in": Switch("query", ("query", "body", "either"), "where void_reason is read (17.8)"),
    "credit_notes_on_standard": Switch(
        False, bool, "whether the Standard plan may create credit notes (17.9)"
    ),
    "credit_note_default_status": Switch("UNPAID", ("UNPAID", "DRAFT"), "status of a new credit note (17.9)"),
    "contact_reference_clash": Switch(
        "reject", ("reject", "accept"), "a contact reference used before (17.10)"
    ),
    "rounding": Switch("half_up", ("half_up", "half_even", "down"), "how line amounts are rounded (17.11)"),
    "unit_price_places": Switch(2, int, "places a unit price is rounded to before it is multiplied (17.11)"),
    "void_feed": Switch(
        "updated", ("updated", "deleted", "both"), "the feed that shows a voided document (17.12)"
    ),
    "deleted_payment_lists_artefacts": Switch(
        False, bool, "whether a deleted payment still names its invoices (17.12)"
    ),
    "main_address_required": Switch(
        True, bool, "whether a sales document needs main_address when its contact has no address (17.13)"
    ),
    "description_max": Switch(65535, int, "longest line description (17.14)"),
    "html_entities": Switch(
        "reject", ("reject", "accept"), "HTML entities in a line description (FACTS.md 9.1)"
    ),
    "business_order": Switch("created", ("created", "name", "reversed"), "order of /businesses (17.15)"),
    "mark_as_sent_on": Switch(
        "any", ("any", "pdf"), "which single GETs mark a document as sent (FACTS.md 15.18)"
    ),
    "mismatched_totals": Switch(
        "reject", ("reject", "ignore"), "header totals that disagree with lines (FACTS.md 8.3)"
    ),
    "duplicate_invoice_number": Switch(
        "reject", ("reject", "accept"), "a document number used before (FACTS.md 9.3)"
    ),
    "negative_lines": Switch("accept", ("accept", "reject"), "a negative unit price (FACTS.md 9.1)"),
    "quantities_on_start": Switch(
        "reject", ("reject", "accept"), "a quantity other than 1 on the Start plan, which has none"
    ),
    "unknown_business_status": Switch("404", ("404", "403"), "answer to an X-Business the login cannot open"),
    "record_answers": Switch(False, bool, "whether the request log keeps answer bodies"),
}


class Switches:
    """The current value of every switch; kept in the store, so a restart keeps them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._values: dict[str, Any] = {}
        self.load()

    def load(self) -> None:
        """Read the values again from the store."""
        saved = json.loads(self._store.setting("switches") or "{}")
        self._values = {name: saved.get(name, switch.default) for name, switch in SWITCHES.items()}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def set(self, name: str, value: Any) -> None:
        """Set one switch; raises ValueError for an unknown name or a value it does not take."""
        switch = SWITCHES.get(name)
        if switch is None:
            raise ValueError(f"There is no switch {name!r}. Switches: {', '.join(SWITCHES)}.")
        if isinstance(switch.allowed, tuple):
            value = str(value)
            fits = value in switch.allowed
        else:
            fits = type(value) is switch.allowed and not (isinstance(value, int) and value < 0)
        if not fits:
            raise ValueError(f"Switch {name} does not take {value!r}.")
        self._values[name] = value
        self._save()

    def reset(self) -> None:
        """Every switch back to its default."""
        self._values = {name: switch.default for name, switch in SWITCHES.items()}
        self._save()

    def listing(self) -> dict[str, dict[str, Any]]:
        """Every switch with its value, default, choices and meaning."""
        return {
            name: {
                "value": self._values[name],
                "default": switch.default,
                "allowed": list(switch.allowed)
                if isinstance(switch.allowed, tuple)
                else switch.allowed.__name__,
                "decides": switch.decides,
            }
            for name, switch in SWITCHES.items()
        }

    def _save(self) -> None:
        changed = {name: value for name, value in self._values.items() if value != SWITCHES[name].default}
        self._store.set_setting("switches", json.dumps(changed))
