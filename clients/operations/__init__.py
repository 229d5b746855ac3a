"""What changes clients: lock, check, change, record."""

from clients.operations.files import attach_file, remove_file, remove_note, write_note
from clients.operations.groups import add_group, bill_to, put_in_group, remove_group, rename_group
from clients.operations.money_laundering import (
    amend_client_settings,
    check_may_accept,
    check_may_bill,
    client_settings,
    may_bill,
    review_client,
)
from clients.operations.records import (
    activate_client,
    add_client,
    amend_client,
    archive_client,
    restore_client,
    settle_status,
    switch_posting,
    tag_client,
)

__all__ = [
    "activate_client",
    "add_client",
    "add_group",
    "amend_client",
    "amend_client_settings",
    "archive_client",
    "attach_file",
    "bill_to",
    "check_may_accept",
    "check_may_bill",
    "client_settings",
    "may_bill",
    "put_in_group",
    "remove_file",
    "remove_group",
    "remove_note",
    "rename_group",
    "restore_client",
    "review_client",
    "settle_status",
    "switch_posting",
    "tag_client",
    "write_note",
]
