"""What customers do, and so what they ship, when, and how their names sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kezhi.demo.goods import ABROAD, CITY, COLD, EXTRA, HANDLE, PACK, STORE, TRUNK

Season = Literal["steady", "cold", "retail"]


@dataclass(frozen=True)
class Industry:
    """`words` end a company's brand; `mix` says how its spending spreads over our categories."""

    name: str
    words: tuple[str, ...]
    foreign_words: tuple[str, ...]
    season: Season
    weight: float
    mix: dict[str, float]


INDUSTRIES = (
    Industry(
        "食品饮料",
        ("食品", "饮料", "粮油", "调味品", "食品连锁"),
        ("Foods", "Beverages"),
        "cold",
        11,
        {COLD: 5, TRUNK: 3, CITY: 3, STORE: 2, EXTRA: 1, HANDLE: 1},
    ),
    Industry(
        "生鲜冷链",
        ("生鲜", "水产", "冷链食品", "肉业", "果业"),
        ("Seafood", "Fresh Produce"),
        "cold",
        8,
        {COLD: 8, CITY: 2, HANDLE: 1, PACK: 1},
    ),
    Industry(
        "医药健康",
        ("医药", "生物医药", "医疗器械", "药业", "医药流通"),
        ("Pharma", "Life Sciences"),
        "steady",
        7,
        {COLD: 6, STORE: 3, CITY: 2, EXTRA: 2},
    ),
    Industry(
        "汽车零部件",
        ("汽车零部件", "汽车部件", "车业", "轮毂", "汽车电子"),
        ("Automotive", "Auto Parts"),
        "steady",
        9,
        {TRUNK: 6, STORE: 3, PACK: 2, HANDLE: 1, EXTRA: 1},
    ),
    Industry(
        "电子信息",
        ("电子", "光电", "半导体", "智能科技", "通信设备"),
        ("Electronics", "Semicon"),
        "retail",
        10,
        {TRUNK: 3, ABROAD: 4, STORE: 3, PACK: 2, EXTRA: 1},
    ),
    Industry(
        "机械制造",
        ("精密制造", "机械", "重工", "装备", "五金"),
        ("Machinery", "Precision"),
        "steady",
        10,
        {TRUNK: 6, HANDLE: 2, PACK: 2, ABROAD: 1},
    ),
    Industry(
        "化工材料",
        ("化工", "新材料", "塑胶", "涂料"),
        ("Chemicals", "Materials"),
        "steady",
        7,
        {TRUNK: 5, STORE: 4, HANDLE: 2},
    ),
    Industry(
        "纺织服装",
        ("纺织", "服饰", "针织", "鞋业"),
        ("Textiles", "Apparel"),
        "retail",
        8,
        {TRUNK: 3, CITY: 2, ABROAD: 3, STORE: 2, EXTRA: 2},
    ),
    Industry(
        "家居建材",
        ("家居", "陶瓷", "建材", "卫浴", "木业"),
        ("Home", "Ceramics"),
        "steady",
        8,
        {TRUNK: 4, CITY: 3, ABROAD: 2, HANDLE: 2, PACK: 1},
    ),
    Industry(
        "电子商务",
        ("电子商务", "网络科技", "优选商贸", "云商"),
        ("Commerce", "Online"),
        "retail",
        8,
        {CITY: 5, STORE: 5, EXTRA: 2, PACK: 2},
    ),
    Industry(
        "商超零售",
        ("商贸", "超市", "百货", "连锁商业"),
        ("Retail", "Trading"),
        "retail",
        7,
        {CITY: 6, STORE: 3, COLD: 2, EXTRA: 1},
    ),
    Industry(
        "国际贸易",
        ("国际贸易", "进出口", "国际货运", "供应链管理"),
        ("Logistik", "Shipping", "Forwarding", "Trading"),
        "steady",
        7,
        {ABROAD: 8, TRUNK: 2, STORE: 1, HANDLE: 1},
    ),
    Industry(
        "新能源",
        ("新能源", "光伏", "风电部件", "储能科技"),
        ("Energy", "Solar"),
        "steady",
        5,
        {TRUNK: 6, ABROAD: 2, STORE: 2, HANDLE: 2},
    ),
    Industry(
        "餐饮连锁",
        ("餐饮管理", "茶饮", "烘焙", "火锅食材"),
        ("Catering", "Bakery"),
        "cold",
        6,
        {COLD: 6, CITY: 4, STORE: 1, PACK: 1},
    ),
    Industry(
        "农产品",
        ("农业", "茶业", "种业", "农产品"),
        ("Agri", "Tea"),
        "cold",
        5,
        {COLD: 4, TRUNK: 4, PACK: 2},
    ),
)
