"""Taking in a practice that another installation exported: docs/export-format.md read the other way round."""

from ignition.moving_in.archive import CannotTakeIn, DamagedExport, NewerExport, NotAnExport, opened_archive
from ignition.moving_in.taking_in import Arrival, HereAlready, take_in

__all__ = [
    "Arrival",
    "CannotTakeIn",
    "DamagedExport",
    "HereAlready",
    "NewerExport",
    "NotAnExport",
    "opened_archive",
    "take_in",
]
