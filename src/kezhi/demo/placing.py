"""How the demo company draws its value matrix, and what it does in each cell."""

from __future__ import annotations

from datetime import date

from kezhi.accounts.models import User
from kezhi.insight.ruling import current_settings, publish_value_settings
from kezhi.insight.strategies import CellStrategy, publish_matrix_strategies
from kezhi.value.matrix import MatrixSettings
from kezhi.value.plain import to_plain

STRATEGIES = (
    CellStrategy(
        "grow",
        "客户经理每两周拜访一次，优先供货，主动推荐新品与年度框架协议。",
        "请其参与新品试用，并介绍同行客户。",
        "弄清为何不够忠诚：每月回访一次，问题当周解决。",
    ),
    CellStrategy(
        "keep",
        "保证交期与对账准确，每月问候一次，不再加大投入。",
        "续签协议时给予老客户价格。",
        "续约前两个月上门一次，防止被竞争对手替代。",
    ),
    CellStrategy(
        "nurture",
        "用试单、样品和技术支持打开份额，每月跟进一次。",
        "以老客户案例带动其他品类。",
        "先做成第二单，再谈价格。",
    ),
    CellStrategy(
        "self_service",
        "通过微信商城自助下单，客服按需支持，不安排拜访。",
    ),
)


def draw_matrix(owner: User, *, today: date) -> None:
    """Loyalty as the third measure, and a text for every cell."""
    rules = current_settings()
    publish_value_settings(
        {
            **rules.rules,
            "matrix": to_plain(MatrixSettings(third="loyalty_index", up="growth_value")),
        },
        actor=owner,
        on=today,
        reason="价值矩阵增加忠诚度一维，经营会议通过",
        nightly_hour=rules.nightly_hour,
    )
    publish_matrix_strategies(
        {strategy.cell: strategy for strategy in STRATEGIES},
        actor=owner,
        on=today,
        reason="年度客户策略，经营会议通过",
    )
