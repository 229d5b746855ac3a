"""Files people send: nothing larger than the limit is kept in memory or on disk while it arrives."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest


class RefuseTooLarge(FileUploadHandler):
    """Drops a file once it grows past `UPLOAD_MAX_BYTES`, and remembers that on the request.

    The rest of the body is read and thrown away, so that the browser gets to see the answer.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 - its signature
        """Let the bytes through to the next handler while the file is small enough."""
        self._received += len(raw_data)
        if self._received > settings.UPLOAD_MAX_BYTES:
            if self.request is not None:
                self.request.META["UPLOAD_TOO_LARGE"] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was dropped for its size."""
    return bool(request.META.get("UPLOAD_TOO_LARGE"))


def in_megabytes(size: int) -> str:
    """`10 MB`, for a person."""
    return f"{size / 1_000_000:g} MB"
