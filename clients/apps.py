from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from clients import jobs

        assert jobs.__all__  # noqa: S101 - importing it registers the steps
