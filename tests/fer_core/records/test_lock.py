import pytest

from fer_core.records.lock import RunLockedError, lock_run


def test_a_second_process_is_told_which_run_is_taken_and_what_to_do(tmp_path, held_elsewhere):
    with (
        held_elsewhere(tmp_path / "run"),
        pytest.raises(RunLockedError, match=r"another process .*run: wait for its end or end it"),
        lock_run(tmp_path / "run"),
    ):
        raise AssertionError("two processes hold the run")


@pytest.mark.slow
def test_the_lock_ends_with_its_process_and_with_an_error(tmp_path, held_elsewhere):
    with held_elsewhere(tmp_path):
        pass
    with pytest.raises(KeyError), lock_run(tmp_path):
        raise KeyError
    with held_elsewhere(tmp_path):  # would fail if this process still held it
        pass


@pytest.mark.slow
def test_one_thread_may_take_it_again_and_holds_it_until_the_outer_end(tmp_path, held_elsewhere):
    (tmp_path / "link").symlink_to(tmp_path)
    with lock_run(tmp_path):
        with lock_run(tmp_path / "link"):
            pass
        with pytest.raises(AssertionError), held_elsewhere(tmp_path):
            pass
    with held_elsewhere(tmp_path):
        pass


@pytest.mark.slow
def test_one_run_does_not_keep_another_waiting(tmp_path, held_elsewhere):
    with held_elsewhere(tmp_path / "one"), lock_run(tmp_path / "other"):
        assert (tmp_path / "other").is_dir()
