"""Every address of the product: pages of a practice under `/p/<practice>/`, the rest beside it."""

from allauth.account import views as account_views
from django.db import transaction
from django.urls import URLPattern, URLResolver, include, path

from ignition import data_views, operator_arrivals, operator_health, probes, weekly_views
from ignition.demo_practices import demo_open, demo_remove
from ignition.evidence import proposal_evidence
from ignition.first_run import first_run, step_skip, step_take_up
from ignition.home import home
from ignition.pictures import pictures
from ignition.search import search
from practices import operator_views, styleguide, views
from practices.invitations import invitation_accept
from practices.operator_site import operators
from practices.session_views import session_end

practice_pages: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("first-steps/", first_run, name="first-run"),
    path("first-steps/<slug:key>/skip/", step_skip, name="step-skip"),
    path("first-steps/<slug:key>/take-up/", step_take_up, name="step-take-up"),
    path("demo/remove/", demo_remove, name="demo-remove"),
    path("pictures/", pictures, name="pictures"),
    path("search/", search, name="search"),
    path("weekly-summary/", weekly_views.weekly, name="weekly-summary"),
    path("weekly-summary/switch/", weekly_views.weekly_switch, name="weekly-switch"),
    path("weekly-summary/<slug:key>.csv", weekly_views.weekly_csv, name="weekly-csv"),
    path("", include("practices.urls")),
    path("clients/<int:pk>/data/", data_views.client_data, name="client-data"),
    path("clients/<int:pk>/data/file/", data_views.client_data_file, name="client-data-file"),
    path("clients/<int:pk>/data/erase/", data_views.client_erase, name="client-erase"),
    path("settings/data/", data_views.data_settings, name="data-settings"),
    path("clients/", include("clients.urls")),
    path("services/", include("services.urls")),
    path("proposals/<int:pk>/evidence.zip", proposal_evidence, name="proposal-evidence"),
    path("proposals/", include("proposals.urls")),
    path("", include("invoicing.urls")),
    path("postings/", include("ledger.urls")),
    path("", include("sage_integration.urls")),
]

urlpatterns = [
    path("", views.front_door, name="front-door"),
    path("demo/", demo_open, name="demo-open"),
    path("healthz", views.health, name="health"),
    path("readyz", probes.ready, name="ready"),
    path("metrics", probes.metrics, name="metrics"),
    # Signing up opens a practice, which takes a transaction of its own.
    path("accounts/signup/", transaction.non_atomic_requests(account_views.signup), name="account_signup"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/second-factor/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/sessions/<int:pk>/end/", session_end, name="session-end"),
    path("admin/practices/<int:pk>/enter/", operator_views.practice_enter, name="operator-enter"),
    path("admin/leave/", operator_views.practice_leave, name="operator-leave"),
    path("admin/members/<int:pk>/look/", operator_views.member_look, name="operator-look"),
    path("admin/look/end/", operator_views.look_end, name="operator-look-end"),
    path("admin/arrivals/", operator_arrivals.arrival_new, name="operator-arrival-new"),
    path("admin/arrivals/<int:pk>/", operator_arrivals.arrival_detail, name="operator-arrival"),
    path(
        "admin/arrivals/<int:pk>/take-in/", operator_arrivals.arrival_take_in, name="operator-arrival-take-in"
    ),
    path(
        "admin/arrivals/<int:pk>/give-up/", operator_arrivals.arrival_give_up, name="operator-arrival-give-up"
    ),
    path("admin/health/", operator_health.queues_and_health, name="operator-health"),
    path("admin/", operators.urls),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("invitations/<str:token>/", invitation_accept, name="invitation-accept"),
    path("proposals/", include("proposals.public_urls")),
    path("sage/", include("sage_integration.public_urls")),
    path("api/v1/", include("ignition.api")),
    path("p/<slug:practice>/", include(practice_pages)),
]
