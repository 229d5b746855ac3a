"""Under `/sage/`: what Sage itself sends people to."""

from django.urls import path

from sage_integration.views import callback

urlpatterns = [path("callback/", callback.sage_callback, name="sage-callback")]
