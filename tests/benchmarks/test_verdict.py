from speechtrt.benchmarks.measure.verdict import contention_reasons, quick_reasons, trial_reasons, verdict


def test_steady_trials_on_a_quiet_machine_are_valid() -> None:
    reasons = [*quick_reasons(False), *trial_reasons({"a": [1.0, 1.02, 0.99]}), *contention_reasons({"a": [0.0, 0.02]})]
    assert verdict(reasons) is True


def test_unsteady_trials_are_named() -> None:
    [reason] = trial_reasons({"steady": [1.0, 1.0, 1.0], "shaky": [1.0, 1.5, 0.7]})
    assert reason.startswith("shaky: the mean rate of 3 trials is uncertain by 21.9%")


def test_more_trials_make_up_for_noise() -> None:
    assert trial_reasons({"a": [1.0, 1.2, 0.98]})
    assert not trial_reasons({"a": [1.0, 1.2, 0.98] * 4})


def test_two_trials_are_too_few() -> None:
    assert trial_reasons({"a": [1.0, 1.0]}) == ["a: 2 trials, at least 3 are needed"]


def test_a_busy_machine_is_named_with_its_worst_trial() -> None:
    [reason] = contention_reasons({"a": [0.0, 0.25, 0.05], "b": [0.01]})
    assert reason.startswith("a: other processes used 25% of the cores")


def test_a_quick_run_is_never_valid() -> None:
    assert verdict(quick_reasons(True)) == ("quick run: a smoke test, not for quoting",)
