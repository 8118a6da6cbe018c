"""Weights by judgement and by data: published numbers, properties, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.value.index import ahp
from kezhi.value.index.critic import critic_weights, information
from kezhi.value.index.entropy import entropies, entropy_weights
from kezhi.value.index.merec import merec_weights
from kezhi.value.index.normalise import min_max, nearness, vector, winsorised, z_scores
from kezhi.value.index.topsis import topsis
from kezhi.value.index.weighing import combine, simple_sum

HOLIDAY = [
    [1, 1 / 2, 4, 3, 3],
    [2, 1, 7, 5, 5],
    [1 / 4, 1 / 7, 1, 1 / 2, 1 / 3],
    [1 / 3, 1 / 5, 2, 1, 1],
    [1 / 3, 1 / 5, 3, 1, 1],
]
PLACES = [
    [[1, 2, 5], [1 / 2, 1, 2], [1 / 5, 1 / 2, 1]],
    [[1, 1 / 3, 1 / 8], [3, 1, 1 / 3], [8, 3, 1]],
    [[1, 1, 3], [1, 1, 3], [1 / 3, 1 / 3, 1]],
    [[1, 3, 4], [1 / 3, 1, 1], [1 / 4, 1, 1]],
    [[1, 1, 1 / 4], [1, 1, 1 / 4], [4, 4, 1]],
]
FIRMS = np.array(
    [
        [61, 1.08, 4.33],
        [20.7, 0.26, 4.34],
        [16.3, 1.98, 2.53],
        [9, 3.29, 1.65],
        [5.4, 2.77, 2.33],
        [4, 4.12, 1.21],
        [-6.1, 3.52, 2.1],
        [-34.6, 3.31, 0.98],
    ]
)
AIRCRAFT = [
    [2, 1500, 20000, 5.5, 5, 9],
    [2.5, 2700, 18000, 6.5, 3, 5],
    [1.8, 2000, 21000, 4.5, 7, 7],
    [2.2, 1800, 20000, 5, 5, 5],
]


def judged_by(weights):
    own = np.asarray(weights, dtype=float)
    return own[:, None] / own


def test_choosing_a_holiday_place():
    found = ahp.weigh(HOLIDAY)
    assert found.weights == pytest.approx([0.2636, 0.4758, 0.0538, 0.0981, 0.1087], abs=1e-4)
    assert found.lambda_max == pytest.approx(5.0721, abs=1e-4)
    assert found.consistency_index == pytest.approx(0.0180, abs=1e-4)
    assert found.consistency_ratio == pytest.approx(0.0161, abs=1e-4)


def test_the_holiday_places_by_criterion_and_in_all():
    places = [ahp.weigh(matrix) for matrix in PLACES]
    assert np.array([one.weights for one in places]) == pytest.approx(
        np.array(
            [
                [0.5954, 0.2764, 0.1283],
                [0.0819, 0.2363, 0.6817],
                [0.4286, 0.4286, 0.1429],
                [0.6337, 0.1919, 0.1744],
                [0.1667, 0.1667, 0.6667],
            ]
        ),
        abs=1e-4,
    )
    assert [one.lambda_max for one in places] == pytest.approx(
        [3.0055, 3.0015, 3.0, 3.0092, 3.0], abs=1e-4
    )
    found = ahp.overall(ahp.weigh(HOLIDAY).weights, places)
    assert found.weights == pytest.approx([0.2993, 0.2453, 0.4554], abs=1e-4)
    indices = [one.consistency_index for one in places]
    shares = ahp.weigh(HOLIDAY).weights
    assert found.consistency_ratio == pytest.approx(np.dot(shares, indices) / 0.58)


def test_three_by_three():
    found = ahp.weigh([[1, 2, 6], [1 / 2, 1, 4], [1 / 6, 1 / 4, 1]])
    assert found.weights == pytest.approx([0.5876, 0.3234, 0.089], abs=1e-4)
    assert found.lambda_max == pytest.approx(3.0092, abs=1e-4)
    assert found.consistency_index == pytest.approx(0.0046, abs=1e-4)
    assert found.consistency_ratio == pytest.approx(0.0079, abs=1e-4)


def test_the_random_index_is_a_setting():
    other = {3: 0.52, 4: 0.89, 5: 1.12}
    matrix = [[1, 2, 6], [1 / 2, 1, 4], [1 / 6, 1 / 4, 1]]
    first, second = ahp.priorities(matrix), ahp.priorities(matrix, other)
    assert second.consistency_ratio == pytest.approx(first.consistency_ratio * 0.58 / 0.52)
    with pytest.raises(ValueError, match="at most 5: group them"):
        ahp.priorities(np.ones((6, 6)), other)
    with pytest.raises(ValueError, match="at most 9: group them"):
        ahp.priorities(np.ones((10, 10)))


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=9))
@settings(max_examples=30, deadline=None)
def test_judgements_made_from_weights_give_them_back(weights):
    found = ahp.weigh(judged_by(weights))
    assert found.weights == pytest.approx(np.array(weights) / sum(weights))
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert found.doubt is None


def test_two_are_never_inconsistent():
    found = ahp.weigh([[1, 9], [1 / 9, 1]])
    assert (found.weights, found.consistency_ratio) == (pytest.approx((0.9, 0.1)), 0)
    assert ahp.weigh([[1]]).weights == (1.0,)


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 3), (4, 2), (3, 0)])
def test_the_one_wrong_judgement_is_named_with_what_would_fit(i, j):
    matrix = judged_by([8, 4, 2, 2, 1])
    right = matrix[i, j]
    matrix[i, j], matrix[j, i] = right / 16, 16 / right
    found = ahp.priorities(matrix)
    assert {found.doubt.row, found.doubt.column} == {i, j}
    fits = found.doubt.fits if found.doubt.row == i else 1 / found.doubt.fits
    assert fits == pytest.approx(right)
    assert found.doubt.consistency_ratio == pytest.approx(0, abs=1e-6)
    with pytest.raises(ahp.Inconsistent, match="the other judgements imply") as refusal:
        ahp.weigh(matrix, names=list("abcde"))
    assert refusal.value.priorities == found


def test_a_judgement_left_out_is_what_the_others_imply():
    matrix = judged_by([5, 3, 2, 1]).tolist()
    matrix[0][3] = matrix[3][0] = None
    found = ahp.weigh(matrix)
    assert found.weights == pytest.approx(np.array([5, 3, 2, 1]) / 11)
    assert (found.missing, found.consistency_ratio) == (1, 0)
    # Harker: λ is that of the matrix with w_i / w_j in the gap.
    matrix[0][1], matrix[1][0] = 5.0, 1 / 5
    found = ahp.priorities(matrix)
    filled = np.array([[np.nan if one is None else one for one in row] for row in matrix])
    w = np.array(found.weights)
    filled[0, 3], filled[3, 0] = w[0] / w[3], w[3] / w[0]
    assert np.linalg.eigvals(filled).real.max() == pytest.approx(found.lambda_max)


def test_incomplete_judgements_have_a_random_index_of_their_own():
    matrix = judged_by([5, 3, 2, 1])
    matrix[0, 3] = matrix[3, 0] = np.nan
    one = ahp.priorities(matrix).random_index
    matrix[1, 2] = matrix[2, 1] = np.nan
    two = ahp.priorities(matrix).random_index
    assert 0 < two < one < ahp.SAATY[4]
    chain = np.full((4, 4), np.nan)
    np.fill_diagonal(chain, 1)
    chain[0, 1], chain[1, 2], chain[2, 3] = 2, 9, 1 / 9
    found = ahp.weigh(chain)  # three judgements of four things can't contradict
    assert found.weights == pytest.approx(np.array([18, 9, 1, 9]) / 37)
    assert found.consistency_ratio == 0


def test_several_people_count_by_the_geometric_mean():
    one, other = judged_by([4, 2, 1]), judged_by([1, 2, 4])
    assert ahp.weigh(ahp.together([one, other])).weights == pytest.approx([1 / 3] * 3)
    assert ahp.weigh(ahp.together([one, other], [1, 0])).weights == pytest.approx(
        [4 / 7, 2 / 7, 1 / 7]
    )
    silent = other.copy()
    silent[0, 2] = silent[2, 0] = np.nan
    assert ahp.together([one, silent])[0][2] == pytest.approx(4)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2]], "square"),
        ([[1, -2], [-1 / 2, 1]], "positive"),
        ([[2, 2], [1 / 2, 1]], "diagonal"),
        ([[1, 2], [1 / 3, 1]], "row 1, column 2 is 2"),
        ([[1, None, None], [None, 1, 2], [None, 1 / 2, 1]], "no judgement links 2, 3 with 1"),
    ],
)
def test_what_is_no_matrix_of_judgements_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        ahp.priorities(matrix)


def test_rounded_reciprocals_are_taken_as_meant():
    found = ahp.priorities([[1, 3, 7], [0.33, 1, 2], [0.14, 0.5, 1]])
    assert found == ahp.priorities([[1, 3, 7], [1 / 3, 1, 2], [1 / 7, 0.5, 1]])


def test_entropy_as_published():
    assert entropy_weights([[1, 2], [4, 16]]) == pytest.approx([0.358889, 0.641111], abs=1e-6)


def test_entropy_at_its_ends():
    assert entropies([[1, 0], [1, 0], [1, 5]]) == pytest.approx([1.0, 0.0])
    assert entropy_weights([[3, 1], [3, 0]]).tolist() == [0, 1]
    scaled = entropy_weights(np.array([[1, 2], [4, 16]]) * [1e-9, 1e9])
    assert scaled == pytest.approx([0.358889, 0.641111], abs=1e-6)
    with pytest.raises(ValueError, match="row 2, column 1 is negative"):
        entropy_weights([[1, 2], [-4, 16]])
    with pytest.raises(ValueError, match="no measure differs"):
        entropy_weights([[1, 2], [1, 2]])


def test_critic_as_published():
    assert critic_weights(FIRMS) == pytest.approx([0.20222554, 0.48090173, 0.31687273], abs=1e-6)
    found = information(FIRMS)
    assert found[:2] == pytest.approx([0.5187402, 1.2335883], abs=1e-6)
    # The third is quoted as .8128218, which contradicts its own weight: a digit was lost.
    assert found[2] == pytest.approx(0.31687273 / 0.20222554 * 0.5187402, abs=1e-6)
    assert min_max(FIRMS).std(axis=0, ddof=1) == pytest.approx(
        [0.28121763, 0.34353386, 0.38289701], abs=1e-6
    )
    assert critic_weights(FIRMS, scaled=False) == pytest.approx(
        [0.86874234, 0.08341434, 0.04784331], abs=1e-6
    )
    assert critic_weights(FIRMS, correlation="spearman") == pytest.approx(
        [0.21454645, 0.4898563, 0.29559726], abs=1e-6
    )


def test_critic_gives_a_constant_nothing():
    found = critic_weights(np.column_stack([FIRMS, np.ones(8)]))
    assert found[3] == 0
    assert found[:3] == pytest.approx(critic_weights(FIRMS))
    assert critic_weights([[1, 2], [1, 3]]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="all say the same"):
        critic_weights([[1, 2], [2, 4], [5, 10]])


def test_merec_as_published():
    data = [
        [450, 8000, 54, 145],
        [10, 9100, 2, 160],
        [100, 8200, 31, 153],
        [220, 9300, 1, 162],
        [5, 8400, 23, 158],
    ]
    found = merec_weights(data, [False, False, True, True])
    assert found == pytest.approx([0.5752, 0.0141, 0.4016, 0.0091], abs=5e-5)
    with pytest.raises(ValueError, match="above 0"):
        merec_weights([[1, 0], [2, 1]])


def test_topsis_of_the_fighter_aircraft():
    found = topsis(AIRCRAFT, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], [False] * 3 + [True] + [False] * 2)
    assert found.closeness == pytest.approx([0.643277, 0.268384, 0.613542, 0.312291], abs=1e-5)
    assert found.d_plus == pytest.approx([0.05455745, 0.11967931, 0.05797672, 0.10093671], abs=1e-7)
    assert found.d_minus == pytest.approx([0.0983832, 0.04390273, 0.09204414, 0.04583572], abs=1e-7)
    assert found.rank.tolist() == [1, 4, 2, 3]


def test_topsis_of_tzeng_and_huang():
    found = topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3])
    assert found.closeness == pytest.approx([0.5037, 0.6581, 0.7482, 0.334], abs=1e-4)
    assert found.rank.tolist() == [3, 2, 1, 4]


def test_topsis_needs_everything():
    with pytest.raises(ValueError, match="row 2, column 1 is not measured"):
        topsis([[1, 2], [np.nan, 2]], [1, 1])
    with pytest.raises(ValueError, match="weight"):
        topsis([[1, 2], [3, 2]], [1])
    assert topsis([[1, 2], [1, 2]], [1, 1]).closeness.tolist() == [0.5, 0.5]


def test_combined_weights_lie_between():
    judged, data = [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]
    assert combine(judged, data, 1) == pytest.approx(judged)
    assert combine(judged, data, 0) == pytest.approx(data)
    product = np.sqrt(np.multiply(judged, data))
    assert combine(judged, data) == pytest.approx(product / product.sum())


def test_normalisations_keep_what_is_not_measured():
    column = np.array([1.0, np.nan, 3.0, 5.0])
    for found in (
        min_max(column),
        vector(column),
        z_scores(column),
        nearness(column, 3),
        winsorised(column, 0.1),
    ):
        assert np.isnan(found[1, 0])
        assert np.isfinite(found[[0, 2, 3], 0]).all()
    assert min_max([2.0, 9.0], [0.0], [4.0])[:, 0].tolist() == [0.5, 1.0]


def test_a_sum_gives_the_weight_of_what_is_missing_to_the_rest():
    assert simple_sum([[1, np.nan], [np.nan, np.nan]], [1, 3])[0] == 1
    assert np.isnan(simple_sum([[np.nan, np.nan]], [1, 3])[0])
