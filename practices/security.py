"""Headers every answer carries."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors {frame_ancestors}",
        "form-action {form_action}",
    ]
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a strict Content-Security-Policy without inline script, and no browser features we do not use.

    A form may end at Sage's sign-in page. Browsers apply `form-action` to every redirect that follows, and Sage's
    own sign-in hops over several of its hosts (FACTS.md 1.1). No page may stand in a frame but those that say so with
    `xframe_options_sameorigin`, and those in frames of our own alone.
    """
    form_action = f"'self' {sign_in_hosts(settings.SAGE_AUTHORIZE_URL)}"
    policy = POLICY.format(form_action=form_action, frame_ancestors="'none'")
    policy_in_a_frame = POLICY.format(form_action=form_action, frame_ancestors="'self'")

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        may_be_framed = response.headers.get("X-Frame-Options") == "SAMEORIGIN"
        response.headers.setdefault("Content-Security-Policy", policy_in_a_frame if may_be_framed else policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware


def sign_in_hosts(authorize_url: str) -> str:
    """The sources that signing in to Sage passes through: one origin, or Sage's own domains."""
    origin = origin_of(authorize_url)
    is_sages_own = origin.endswith((".sageone.com", ".sage.com"))
    return f"{origin} https://*.sageone.com https://*.sage.com" if is_sages_own else origin


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    return "/".join(url.split("/", 3)[:3])
