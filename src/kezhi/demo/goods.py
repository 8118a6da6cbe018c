"""What 远航供应链 sells: services by category, with today's list price and cost per unit in yuan."""

from __future__ import annotations

from dataclasses import dataclass

TRUNK, CITY, COLD, STORE = "干线运输", "城市配送", "冷链物流", "仓储服务"
ABROAD, PACK, EXTRA, HANDLE = "国际货代", "包装耗材", "增值服务", "装卸搬运"
CATEGORIES = (TRUNK, CITY, COLD, STORE, ABROAD, PACK, EXTRA, HANDLE)


@dataclass(frozen=True)
class Good:
    """`price` and `cost` are per `unit`, as they are today."""

    code: str
    name: str
    category: str
    unit: str
    price: float
    cost: float


def _goods(category: str, prefix: str, *rows: tuple[str, str, float, float]) -> tuple[Good, ...]:
    return tuple(
        Good(f"{prefix}-{number:02d}", name, category, unit, price, cost)
        for number, (name, unit, price, cost) in enumerate(rows, start=1)
    )


GOODS = (
    *_goods(
        TRUNK,
        "GX",
        ("整车运输 9.6 米 华东线", "车次", 4200, 3480),
        ("整车运输 13.5 米 华东线", "车次", 6100, 5120),
        ("整车运输 9.6 米 华南线", "车次", 7800, 6520),
        ("整车运输 13.5 米 华南线", "车次", 11200, 9480),
        ("整车运输 13.5 米 华北线", "车次", 9600, 8060),
        ("整车运输 13.5 米 西南线", "车次", 13800, 11720),
        ("零担运输 省内", "吨", 260, 212),
        ("零担运输 省际", "吨", 480, 398),
        ("零担运输 当日达", "吨", 760, 606),
        ("铁路班列 集装箱", "柜", 8600, 7390),
        ("甩挂运输", "车次", 5300, 4420),
    ),
    *_goods(
        CITY,
        "CP",
        ("城配 4.2 米 半日", "车次", 420, 332),
        ("城配 4.2 米 全日", "车次", 720, 571),
        ("城配 新能源面包车", "车次", 330, 254),
        ("门店配送", "点", 58, 44.5),
        ("电商落地配", "票", 6.8, 5.3),
        ("夜间配送", "车次", 860, 668),
        ("逆向物流取件", "票", 12.5, 9.6),
        ("最后一公里 大件送装", "件", 168, 129),
    ),
    *_goods(
        COLD,
        "LL",
        ("冷链干线 2-8 ℃", "吨", 980, 718),
        ("冷链干线 -18 ℃", "吨", 1180, 862),
        ("冷链城配 2-8 ℃", "车次", 960, 704),
        ("冷链城配 -18 ℃", "车次", 1080, 800),
        ("冷库仓储 2-8 ℃", "托·月", 128, 88),
        ("冷库仓储 -18 ℃", "托·月", 146, 103),
        ("医药冷藏运输 GSP", "车次", 3600, 2480),
        ("温控保温箱租赁", "箱·次", 46, 29),
        ("全程温度监控", "票", 35, 15.5),
    ),
    *_goods(
        STORE,
        "CC",
        ("平面库仓储", "平方米·月", 32, 22.4),
        ("高架库仓储", "托·月", 66, 44.5),
        ("恒温库仓储", "托·月", 92, 62),
        ("危化品仓储", "托·月", 210, 149),
        ("电商一件代发", "单", 3.6, 2.55),
        ("订单分拣", "行", 0.85, 0.58),
        ("库存盘点", "次", 1800, 1120),
        ("VMI 供应商管理库存", "月", 26000, 17400),
    ),
    *_goods(
        ABROAD,
        "HD",
        ("海运整箱 20GP 出口", "柜", 9800, 8520),
        ("海运整箱 40HQ 出口", "柜", 16500, 14360),
        ("海运拼箱", "立方米", 420, 352),
        ("空运普货", "公斤", 26, 22.4),
        ("中欧班列 40HQ", "柜", 48000, 42100),
        ("报关代理", "票", 480, 238),
        ("保税仓储", "托·月", 118, 82),
        ("目的港清关与派送", "票", 2600, 2080),
    ),
    *_goods(
        PACK,
        "BZ",
        ("五层瓦楞纸箱", "个", 7.2, 5.15),
        ("木托盘 1.2×1.0", "个", 78, 57),
        ("循环塑料托盘租赁", "个·月", 14, 8.9),
        ("气泡膜与填充", "卷", 86, 60),
        ("防潮出口包装", "立方米", 230, 158),
        ("定制周转箱", "个", 96, 68),
    ),
    *_goods(
        EXTRA,
        "ZZ",
        ("贴标与赋码", "件", 0.6, 0.29),
        ("组套与促销装配", "件", 2.4, 1.25),
        ("退货质检与翻新", "件", 5.5, 3.0),
        ("货物保险代办", "票", 120, 52),
        ("供应链方案咨询", "人天", 3200, 1650),
        ("系统对接与数据看板", "月", 4800, 1900),
    ),
    *_goods(
        HANDLE,
        "ZX",
        ("人工装卸", "吨", 28, 21.6),
        ("叉车装卸", "吨", 19, 14.2),
        ("集装箱掏装箱", "柜", 680, 525),
        ("吊装作业", "次", 1500, 1130),
    ),
)

MARGINS = {
    category: 1 - sum(good.cost / good.price for good in goods) / len(goods)
    for category in CATEGORIES
    if (goods := [good for good in GOODS if good.category == category])
}

# Services that came later, by days since the first was sold; never the first of a category.
LAUNCHED = {"CP-03": 210, "CC-05": 130, "LL-09": 300, "LL-07": 560}
