import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from practices.prepared import keep_plans

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")

application = get_wsgi_application()

if not settings.DATABASE_POOLER:
    keep_plans()
