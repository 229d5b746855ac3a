from devtools.faults.shrinking import shrunk


def test_only_the_steps_that_matter_are_left():
    def fails(history: list[int]) -> bool:
        return 3 in history and 17 in history and history.index(3) < history.index(17)

    assert shrunk(list(range(30)), fails) == [3, 17]


def test_a_history_of_which_all_matters_stays_whole():
    assert shrunk([1, 2, 3], lambda history: history == [1, 2, 3]) == [1, 2, 3]


def test_there_is_an_end_to_patience():
    assert shrunk(list(range(30)), lambda _: True, seconds=-1) == list(range(30))
