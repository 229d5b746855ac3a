from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"

    def ready(self) -> None:
        from services import jobs, receivers

        receivers.connect()
        assert jobs.__all__  # noqa: S101 - importing it registers the steps
