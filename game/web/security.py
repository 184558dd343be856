"""What protects every answer: security headers, cross-site request forgery, sizes."""

from flask import Flask, Response, request
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from game.config import Settings

MEGABYTE = 1_000_000
BODY_LIMIT = 1 * MEGABYTE
UPLOAD_LIMIT = 20 * MEGABYTE

csrf = CSRFProtect()

_CONTENT = "; ".join(
    [
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ]
)

# A worker has a policy of its own, that of its script. This one alone may compile WebAssembly: it runs a model.
MODEL_WORKER = "/static/js/model-worker.js"
_COMPILING = f"{_CONTENT}; script-src 'self' 'wasm-unsafe-eval'"

HEADERS = {
    "Content-Security-Policy": _CONTENT,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def register_security(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_LIMIT
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["SESSION_COOKIE_SECURE"] = (settings.address or "").startswith("https://")
    if settings.n_proxies:
        # Each of ours adds a line to what it heard; what stands before these is the client's own word.
        n = settings.n_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    # A page may lie open overnight; its form still works in the morning.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    app.after_request(_protect)


def accept_upload() -> None:
    """Called first by a door that takes a picture: until then a body is small."""
    request.max_content_length = UPLOAD_LIMIT


def _protect(response: Response) -> Response:
    if request.path == MODEL_WORKER:
        response.headers["Content-Security-Policy"] = _COMPILING
    for name, content in HEADERS.items():
        response.headers.setdefault(name, content)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers:
        # What a door answers depends on who asks; only pictures and static files say otherwise.
        response.headers["Cache-Control"] = "private, no-cache"
    return response
