"""Templates drawn faster than Django draws them, to the same characters: see docs/decisions/0032-drawing-pages.md."""
