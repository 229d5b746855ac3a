from django.apps import AppConfig


class IgnitionConfig(AppConfig):
    name = "ignition"
