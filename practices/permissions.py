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
    CREDIT_INVOICES = "credit invoices"
    MANAGE_CONNECTION = "connect and set up Sage"
    MANAGE_TEAM = "invite and manage colleagues"
    MANAGE_BILLING = "change how the practice bills"
    MANAGE_SETTINGS = "change the practice's settings"


_APPRENTICE = {Can.SEE, Can.PREPARE_PROPOSALS}
_STAFF = _APPRENTICE | {Can.MANAGE_CLIENTS}
_MANAGER = _STAFF | {
    Can.MANAGE_SERVICES,
    Can.SEND_PROPOSALS,
    Can.ISSUE_INVOICES,
    Can.POST_TO_LEDGER,
    Can.CREDIT_INVOICES,
}

#: From the least to the most; who prepares, who sends, who finalises and who copies are told apart.
RIGHTS: dict[str, frozenset[Can]] = {
    Role.READ_ONLY: frozenset({Can.SEE}),
    Role.APPRENTICE: frozenset(_APPRENTICE),
    Role.STAFF: frozenset(_STAFF),
    Role.MANAGER: frozenset(_MANAGER),
    Role.OWNER: frozenset(Can),
}

#: What a role is for, in a sentence.
PURPOSE: dict[str, str] = {
    Role.READ_ONLY: "Looks everything up and changes nothing, such as an auditor.",
    Role.APPRENTICE: "Drafts proposals for somebody else to send.",
    Role.STAFF: "Keeps clients and drafts proposals.",
    Role.MANAGER: "Sends proposals, bills, copies to Sage and credits.",
    Role.OWNER: "Everything, including the team, the settings and the connection to Sage.",
}


def may(role: str, right: Can) -> bool:
    """Whether a member with this role has this right."""
    return right in RIGHTS[role]
