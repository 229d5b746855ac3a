"""The frame of every page of the sandbox: plain HTML and a small style sheet."""

from html import escape

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 0 1rem 3rem; }
header { border-bottom: 3px solid #00a65a; margin-bottom: 1.5rem; padding: .75rem 0; }
header strong { color: #008a4b; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .35rem .5rem; text-align: left; vertical-align: top; }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; }
form.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .5rem 0 1rem; }
label { display: block; font-size: .85rem; }
input, select, textarea, button { font: inherit; padding: .3rem .5rem; }
button { background: #008a4b; border: 0; border-radius: .3rem; color: #fff; cursor: pointer; padding: .4rem .8rem; }
button.quiet { background: #666; }
.error { background: #b0002022; border-left: 4px solid #b00020; padding: .5rem 1rem; }
.scroll { overflow-x: auto; }
"""


def page(title: str, body: str, *, menu: bool = True) -> str:
    """A whole page; the title is escaped, the body is taken as HTML."""
    links = '<nav><a href="/">Businesses</a></nav>' if menu else ""
    return (
        f'<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>{escape(title)} · Sage sandbox</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>"
        "<header><strong>Sage sandbox</strong> – a pretend Sage for development. Nothing here is real.</header>"
        f"{links}<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
