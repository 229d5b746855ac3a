"""Loads templates once, and makes them ready to be drawn quickly."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from django.template import Template
from django.template.loaders.cached import Loader as CachedLoader

from ignition.drawing import flow  # noqa: F401 - it adds its kinds of nodes to those of `nodes`
from ignition.drawing.nodes import quicken


class Loader(CachedLoader):
    """Django's cached loader; what it parsed is made ready before anybody gets it.

    In a debugging server, and where missing variables are to be shown, templates stay Django's own.
    """

    def __init__(self, engine: Any, loaders: Sequence[Any]) -> None:
        super().__init__(engine, loaders)
        self._lock = Lock()
        self._is_quick = not engine.debug and not engine.string_if_invalid

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        """The parsed template. Raises TemplateDoesNotExist."""
        template = super().get_template(template_name, skip)
        if self._is_quick and not hasattr(template, "is_ready"):
            with self._lock:  # another thread may be at it
                quicken(template.nodelist)
                template.is_ready = True  # type: ignore[attr-defined]
        return template
