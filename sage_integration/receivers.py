"""What happens here when another app says that something happened there."""


def connect() -> None:
    """Listen to the apps below."""
