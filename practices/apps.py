from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticesConfig(AppConfig):
    name = "practices"

    def ready(self) -> None:
        from practices import checks, exporting, invitation_mail  # noqa: F401 - registers its job
        from practices.isolation import isolate_practices

        checks.register_checks()
        invitation_mail.describe_messages()
        post_migrate.connect(isolate_practices, sender=self, dispatch_uid="isolate practices")
