from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PracticesConfig(AppConfig):
    name = "practices"

    def ready(self) -> None:
        from practices import account_trail, checks, exporting, invitation_mail  # noqa: F401 - registers its job
        from practices.isolation import isolate_practices
        from practices.plain_limits import say_limits_plainly

        say_limits_plainly()
        account_trail.listen()
        checks.register_checks()
        invitation_mail.describe_messages()
        post_migrate.connect(isolate_practices, sender=self, dispatch_uid="isolate practices")
