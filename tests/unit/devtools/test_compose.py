"""docker-compose.yml gives each container what it needs, and nothing that opens more."""

import re

import pytest
import yaml

from devtools.environment_reference import variables
from devtools.paths import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "ignition"}


def test_only_the_migration_may_be_the_superuser_of_the_database():
    for name, service in OURS.items():
        given = service["environment"]
        password = given.get("POSTGRES_PASSWORD", None if service["env_file"] else "")
        assert password == "", f"{name} would get it from .env"
        assert ("POSTGRES_PASSWORD" in given.get("DATABASE_URL", "")) == (name == "migrate")


def test_the_pretend_sage_gets_none_of_the_applications_secrets():
    assert OURS["sandbox"]["env_file"] == []
    assert set(OURS["sandbox"]["environment"]) == {"SAGE_CLIENT_ID", "SAGE_CLIENT_SECRET"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_says_how_it_does(name):
    health = SERVICES[name]["healthcheck"]
    assert health.get("test") or health == {"disable": True}


@pytest.mark.parametrize("name", OURS)
def test_containers_of_the_application_may_do_little(name):
    service = OURS[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "user" not in service, "the image's own, who is not root"


def test_figures_of_all_web_processes_are_added_up_where_they_may_write():
    folder = OURS["web"]["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert any(mount.split(":")[0] == folder for mount in OURS["web"]["tmpfs"])


def test_what_the_example_names_is_read_by_something():
    named = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    known = {each.name for each in variables()} | set(re.findall(r"\$\{(\w+)", TEXT))
    assert named
    assert {name for name in named if name not in known and not name.startswith("ANYMAIL_")} == set()
