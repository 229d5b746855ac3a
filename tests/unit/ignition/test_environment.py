"""What is told from outside: variables, files with secrets, and the address of the mail server."""

import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from devtools.paths import ROOT
from ignition.environment import required, secret


def test_a_secret_comes_from_the_environment_or_from_a_file(monkeypatch, tmp_path):
    monkeypatch.delenv("SAGE_CLIENT_SECRET", raising=False)
    assert secret("SAGE_CLIENT_SECRET") == ""
    with pytest.raises(ImproperlyConfigured, match="SAGE_CLIENT_SECRET_FILE"):
        required("SAGE_CLIENT_SECRET")
    (tmp_path / "secret").write_text("s3\n")
    monkeypatch.setenv("SAGE_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert secret("SAGE_CLIENT_SECRET") == required("SAGE_CLIENT_SECRET") == "s3"


#: Of which secret the application keeps what, by its setting.
KEPT = {
    "SAGE_CLIENT_SECRET": "SAGE_CLIENT_SECRET",
    "METRICS_TOKEN": "METRICS_TOKEN",
    "EMAIL_URL": "EMAIL_HOST",
}
MAIL = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "ACCOUNT_EMAIL_VERIFICATION")


def settings_of(names: tuple[str, ...], **environment: str) -> dict[str, object]:
    """These settings as a process has them that is told this."""
    code = f"import json, ignition.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names!r}}}))"
    kept = {name: value for name, value in os.environ.items() if name not in KEPT}
    told = kept | {
        "SECRET_KEY": "x",
        "FIELD_ENCRYPTION_KEYS": "x",
        "PUBLIC_URL": "https://practice.example",
        "DATABASE_URL": "postgres://localhost/none",
        "REDIS_URL": "redis://localhost",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=told | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_every_secret_of_the_application_may_stand_in_a_file(tmp_path):
    for name in KEPT:
        (tmp_path / name).write_text("smtps://user:word@mail.example:587" if name == "EMAIL_URL" else "s3")
    files = {f"{name}_FILE": str(tmp_path / name) for name in KEPT}
    found = settings_of(tuple(KEPT.values()), **files)
    assert found == {"SAGE_CLIENT_SECRET": "s3", "METRICS_TOKEN": "s3", "EMAIL_HOST": "mail.example"}


@pytest.mark.parametrize(("port", "is_ssl"), [(465, True), (587, False), (2525, False)])
def test_mail_over_tls_is_spoken_as_its_port_expects_it(port, is_ssl):
    found = settings_of(MAIL, EMAIL_URL=f"smtps://user:word@mail.example:{port}")
    assert found == {
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": port,
        "EMAIL_USE_SSL": is_ssl,
        "EMAIL_USE_TLS": not is_ssl,
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
    }
