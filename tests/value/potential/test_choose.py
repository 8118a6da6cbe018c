import numpy as np
import pytest

from kezhi.value.potential.choose import FITS, evaluate


@pytest.fixture(scope="module")
def judged(calibration, whole):
    later = whole.occasions - calibration.occasions
    return evaluate(
        calibration.repeats,
        calibration.recency,
        calibration.age,
        later,
        39.0,
        log_intervals=calibration.log_intervals,
    )


@pytest.mark.parametrize(
    ("model", "total", "mae", "rmse", "spearman", "top10_share"),
    [
        ("bg-nbd", 1653.4, 0.7855, 1.608, 0.4493, 0.4671),
        ("mbg-nbd", 1576.7, 0.7648, 1.6072, 0.45, 0.475),
        ("pareto-nbd", 1665.5, 0.7545, 1.6028, 0.4597, 0.4702),
        ("naive", 2930.1, 1.0237, 2.2119, 0.4898, 0.458),
    ],
)
def test_cdnow_hold_out_as_measured_elsewhere(
    judged, model, total, mae, rmse, spearman, top10_share
):
    found = judged.models[model]
    assert found.actual == 1882
    assert found.total == pytest.approx(total, rel=1e-3)
    assert found.mae == pytest.approx(mae, rel=1e-3)
    assert found.rmse == pytest.approx(rmse, rel=1e-3)
    assert found.spearman == pytest.approx(spearman, rel=1e-3)
    assert found.top10_share == pytest.approx(top10_share, rel=1e-3)


def test_the_count_log_score_decides(judged):
    assert judged.chosen == "mbg-nbd"
    assert judged.chosen_because == "log_score"
    assert judged.models["mbg-nbd"].log_score > judged.models["bg-nbd"].log_score
    assert judged.models["mbg-nbd"].log_score > judged.models["pareto-nbd"].log_score
    assert judged.models["pareto-nbd"].log_score > judged.models["nbd"].log_score
    assert judged.models["naive"].log_score is None


def test_a_candidate_that_is_no_other_model_here_says_so(judged):
    assert "Pareto/NBD" in judged.failed["ggom-nbd"]
    assert "k = 1" in judged.failed["mbg-cnbd-k"]
    assert judged.rhythm == 1
    assert set(judged.models) | set(judged.failed) == {"naive", *FITS}


def test_calibration_adds_up_to_the_total(judged):
    found = judged.calibration["bg-nbd"]
    assert sum(one["customers"] for one in found) == 2357
    assert sum(one["expected"] for one in found) == pytest.approx(judged.models["bg-nbd"].total)
    assert sum(one["actual"] for one in found) == 1882


def test_the_naive_rule_wins_where_its_error_is_smaller_and_p_alive_comes_from_a_model():
    x = np.tile([1.0, 20.0], 200)
    T = np.full(400, 50.0)
    # Those who were silent for long go on exactly as before: no model of dropout expects that.
    found = evaluate(x, np.where(x > 1, 25.0, 1.0), T, x / 2, 25.0)
    assert found.chosen == "naive"
    assert found.chosen_because == "rmse"
    leaving = {
        name: own.log_score for name, own in found.models.items() if name not in ("naive", "nbd")
    }
    assert found.for_p_alive == max(leaving, key=leaving.get)


def test_without_a_repeat_purchase_only_the_naive_rule_is_left():
    found = evaluate(np.zeros(5), np.zeros(5), np.full(5, 9.0), np.zeros(5), 4.0)
    assert found.chosen == "naive"
    assert found.for_p_alive is None
    assert set(found.failed) == set(FITS)
