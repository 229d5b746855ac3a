from django.urls import URLPattern

app_name = "sage"
urlpatterns: list[URLPattern] = []
