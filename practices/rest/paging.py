"""Paging of lists."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """Newest first, by cursor: a page costs the same however deep it lies."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
