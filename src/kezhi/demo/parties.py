"""Who stands around the customers: suppliers, distributors, competitors, those whose word counts. No Django."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Party:
    """`owner` looks after it; `role` is one of the six markets, and none of these buys."""

    name: str
    role: str
    industry: str
    region: str
    city: str
    owner: str
    remark: str = ""


PARTIES = (
    Party(
        "江浦冷链设备有限公司", "supplier", "冷链设备", "江苏", "南京", "wang", "冷藏车厢体与温控器"
    ),
    Party("宁沪包装材料有限公司", "supplier", "包装", "上海", "上海", "wang", "托盘、缠绕膜"),
    Party("皖通干线运输有限公司", "supplier", "运输", "安徽", "合肥", "zhao", "干线零担承运"),
    Party("长三角仓储服务有限公司", "supplier", "仓储", "浙江", "嘉兴", "li"),
    Party("粤港速运有限公司", "supplier", "运输", "广东", "深圳", "chen"),
    Party("华东供应链渠道有限公司", "distributor", "渠道", "江苏", "苏州", "wang", "苏南二级网点"),
    Party("岭南区域代理有限公司", "distributor", "渠道", "广东", "广州", "chen"),
    Party("速达供应链集团", "competitor", "供应链服务", "上海", "上海", "wang", "低价抢占干线业务"),
    Party(
        "云途物流科技有限公司",
        "competitor",
        "供应链服务",
        "浙江",
        "杭州",
        "zhao",
        "主推数字化货运平台",
    ),
    Party("北辰国际货运有限公司", "competitor", "货运代理", "北京", "北京", "liu"),
    Party(
        "华东冷链协会", "influencer", "行业协会", "上海", "上海", "wang", "每年发布冷链企业推荐名录"
    ),
    Party("《供应链观察》编辑部", "influencer", "媒体", "上海", "上海", "lin"),
    Party("本公司华东仓配部", "internal", "内部部门", "上海", "上海", "zhou"),
    Party("本公司单证中心", "internal", "内部部门", "上海", "上海", "he"),
)

# From one party to another, by name; "*n" is the n-th customer of the one who tells it.
RELATIONS = (
    ("江浦冷链设备有限公司", "supplies", "*0", "3"),
    ("江浦冷链设备有限公司", "supplies", "*1", "2"),
    ("江浦冷链设备有限公司", "supplies", "速达供应链集团", "2"),
    ("宁沪包装材料有限公司", "supplies", "*0", "2"),
    ("宁沪包装材料有限公司", "supplies", "*2", "1"),
    ("*0", "parent", "*3", "3"),
    ("*0", "parent", "*4", "3"),
    ("*4", "parent", "*5", "2"),
    ("*1", "buys_through", "华东供应链渠道有限公司", "3"),
    ("*2", "buys_through", "华东供应链渠道有限公司", "2"),
    ("*6", "buys_through", "华东供应链渠道有限公司", "1"),
    ("*0", "refers", "*7", "3"),
    ("*0", "refers", "*8", "2"),
    ("*8", "refers", "*9", "1"),
    ("华东冷链协会", "advises", "*0", "2"),
    ("华东冷链协会", "advises", "*2", "1"),
    ("速达供应链集团", "competes", "*0", "1"),
    ("速达供应链集团", "supplies", "*1", "2"),
    ("云途物流科技有限公司", "supplies", "*6", "1"),
    ("云途物流科技有限公司", "competes", "速达供应链集团", "3"),
    ("*7", "supplies", "*0", "1"),
)


@dataclass(frozen=True)
class Asked:
    """A need: `state` is where it stands today; `product` a position among the goods, or None."""

    what: str
    why: str
    state: str
    due_in: int
    handler: str
    product: int | None = None
    quantity: int = 0
    outcome: str = ""


NEEDS = (
    Asked(
        "冷链干线希望每晚 22 点后发车", "门店凌晨补货，白天到货要压一天库存", "open", 2, "he", 0, 30
    ),
    Asked(
        "需要按托盘计费的报价方式", "货量波动大，按车计费不划算", "in_progress", 1, "wang", 1, 200
    ),
    Asked(
        "希望开放温度记录的接口",
        "品控要求把温度曲线归档到自己的系统",
        "in_progress",
        -2,
        "daniel",
        0,
        1,
    ),
    Asked(
        "对账单能否在每月 3 日前给出",
        "集团要求 5 日前结账",
        "answered",
        -6,
        "he",
        None,
        0,
        "每月 2 日 18 点前发出，已与单证中心确认",
    ),
    Asked("节前三周加派两台 9.6 米冷藏车", "年货备货量是平时的两倍", "open", 5, "zhou", 2, 2),
    Asked(
        "能否代收代付到付运费",
        "收货方不接受预付",
        "declined",
        -12,
        "wang",
        None,
        0,
        "财务制度不允许代收第三方资金",
    ),
    Asked(
        "希望设立专属客服一名",
        "多个工厂分别下单，口径不一",
        "answered",
        -20,
        "he",
        None,
        0,
        "由何静对接，工作日 8:30 至 20:00",
    ),
    Asked("破损率需降到千分之三以下", "客户端退货集中在纸箱破损", "open", -1, "zhao", 1, 0),
    Asked("希望提供恒温仓的短租", "新品上市前三个月销量不确定", "open", 7, "li", 3, 400),
)


@dataclass(frozen=True)
class Said:
    """A promise: made `ago` days ago, due in `due_in` days."""

    topic: str
    subject: str
    what: str
    ago: int
    due_in: int
    by: str
    figure: str = ""
    unit: str = ""
    state: str = "open"
    reason: str = ""


# The first two contradict each other: two colleagues named two prices for the same line.
PROMISES = (
    Said(
        "price",
        "沪皖冷链干线",
        "沪皖冷链干线按 4.60 元/公里执行到年底",
        12,
        39,
        "wang",
        "4.60",
        "元/公里",
    ),
    Said("price", "沪皖冷链干线", "沪皖冷链干线给到 4.35 元/公里", 3, 39, "he", "4.35", "元/公里"),
    Said("delivery", "首批托盘", "首批 200 个托盘送到二号仓", 9, -1, "wang", "200", "个"),
    Said("service", "异常响应", "温度异常 30 分钟内电话告知", 20, 6, "he"),
    Said("payment", "账期", "账期从 30 天放宽到 45 天", 30, -12, "wang", "45", "天", "kept"),
    Said(
        "quality",
        "破损",
        "破损按货值 100% 赔付",
        25,
        -10,
        "zhao",
        "",
        "",
        "broken",
        "保险条款只覆盖 80%",
    ),
    Said("quantity", "节前运力", "节前每天保证 3 台车", 6, 18, "wang", "3", "台"),
    Said("delivery", "对账单", "每月 2 日给出对账单", 15, 0, "he"),
    Said("other", "样车", "安排一次新车型试运", 40, -30, "wang", "", "", "withdrawn", "车型停产"),
)
