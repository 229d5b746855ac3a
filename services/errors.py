"""What can go wrong with the price list."""

from practices.errors import DomainError


class NameTaken(DomainError):
    message = "There is one of this name already. Choose another name, or restore the archived one."


class PriceExists(DomainError):
    message = "There is a price from this date already, and prices are never edited. Choose a later date."


class RateInUse(DomainError):
    message = "Active services use this VAT rate. Give them another rate first."


class LastTaxRate(DomainError):
    message = "A practice needs at least one VAT rate. Add another one first."


class NotAServiceFile(DomainError):
    message = (
        "This file has no column “Service” with names below it. Nothing was imported; export the library to see how a "
        "file looks."
    )


class TooManyServices(DomainError):
    message = "This file names more than 5,000 services. Nothing was imported; split it."
