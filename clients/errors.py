from practices.errors import DomainError


class CannotActivate(DomainError):
    message = "This client is archived. Restore it first."
