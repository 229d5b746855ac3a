"""What a key may do."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class HasScope(BasePermission):
    """The key was given reading, or writing, of the view's resource."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or a refusal that names the missing scope."""
        wanted = f"{view.scope}:{'read' if request.method in SAFE_METHODS else 'write'}"
        if wanted not in request._request.api_key.scopes:  # type: ignore[attr-defined]  # noqa: SLF001 - DRF's wrapper
            raise PermissionDenied(f"This key lacks the scope {wanted}.")
        return True
