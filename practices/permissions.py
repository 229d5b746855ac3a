"""What each role may do. Views name a right, never a role."""

from enum import StrEnum

from practices.models import Membership

Role = Membership.Role


class Can(StrEnum):
    """The separate rights; every page names exactly one."""

    SEE = "see the practice's records"
    MANAGE_CLIENTS = "add and change clients"
    MANAGE_SERVICES = "add and change services and VAT rates"
    PREPARE_PROPOSALS = "draft proposals"
    SEND_PROPOSALS = "send proposals"
    ISSUE_INVOICES = "bill clients and issue invoices"
    POST_TO_LEDGER = "copy invoices to Sage"
    MANAGE_CONNECTION = "connect and set up Sage"
    MANAGE_TEAM = "invite and manage colleagues"
    MANAGE_SETTINGS = "change the practice's settings"


_STAFF = {Can.SEE, Can.MANAGE_CLIENTS, Can.PREPARE_PROPOSALS}
_MANAGER = _STAFF | {Can.MANAGE_SERVICES, Can.SEND_PROPOSALS, Can.ISSUE_INVOICES, Can.POST_TO_LEDGER}

RIGHTS: dict[str, frozenset[Can]] = {
    Role.STAFF: frozenset(_STAFF),
    Role.MANAGER: frozenset(_MANAGER),
    Role.OWNER: frozenset(Can),
}


def may(role: str, right: Can) -> bool:
    """Whether a member with this role has this right."""
    return right in RIGHTS[role]
