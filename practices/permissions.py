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
    PREPARE_INVOICES = "draft invoices and comment on them"
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
    Can.PREPARE_INVOICES,
    Can.ISSUE_INVOICES,
    Can.POST_TO_LEDGER,
    Can.CREDIT_INVOICES,
}
#: Who drafts an invoice, who makes it final and who brings it to Sage can be three people (G86).
_PREPARER = {Can.SEE, Can.PREPARE_INVOICES}
_INVOICER = _PREPARER | {Can.ISSUE_INVOICES, Can.CREDIT_INVOICES}
_ACCOUNTS = {Can.SEE, Can.POST_TO_LEDGER}

#: From the least to the most; who prepares, who sends, who finalises and who copies are told apart.
RIGHTS: dict[str, frozenset[Can]] = {
    Role.READ_ONLY: frozenset({Can.SEE}),
    Role.APPRENTICE: frozenset(_APPRENTICE),
    Role.STAFF: frozenset(_STAFF),
    Role.PREPARER: frozenset(_PREPARER),
    Role.INVOICER: frozenset(_INVOICER),
    Role.ACCOUNTS: frozenset(_ACCOUNTS),
    Role.MANAGER: frozenset(_MANAGER),
    Role.OWNER: frozenset(Can),
}

#: What a role is for, in a sentence.
PURPOSE: dict[str, str] = {
    Role.READ_ONLY: "Looks everything up and changes nothing, such as an auditor.",
    Role.APPRENTICE: "Drafts proposals for somebody else to send.",
    Role.STAFF: "Keeps clients and drafts proposals.",
    Role.PREPARER: "Drafts invoices for somebody else to issue.",
    Role.INVOICER: "Issues, sends and credits invoices; copying them to Sage by hand is somebody else's.",
    Role.ACCOUNTS: "Copies invoices to Sage and settles what went wrong there; issues none.",
    Role.MANAGER: "Sends proposals, bills, copies to Sage and credits.",
    Role.OWNER: "Everything, including the team, the settings and the connection to Sage.",
}


def may(role: str, right: Can) -> bool:
    """Whether a member with this role has this right."""
    return right in RIGHTS[role]
