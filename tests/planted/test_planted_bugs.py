"""The checker is checked: each planted bug shows in a story that is sound without it."""

import pytest

from tests.planted.bugs import BUGS, Bug

STORIES = list({bug.story: bug for bug in BUGS}.values())


def test_there_are_at_least_twenty_five():
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 25


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name.replace(" ", "-") for bug in BUGS])
def test_a_planted_bug_is_caught(stage, bug: Bug):
    with bug.plant():
        broken = bug.story(stage)
    assert [sentence for sentence in broken if sentence.startswith(f"{bug.breaks}:")], broken


@pytest.mark.parametrize("bug", STORIES, ids=[bug.name.replace(" ", "-") for bug in STORIES])
def test_the_same_story_is_sound_without_the_bug(stage, bug: Bug):
    assert bug.story(stage) == []
