"""Names and numbers that look as they do in real files, and belong to nobody."""

from __future__ import annotations

from numpy.random import Generator

FIRST = "恒泰鸿瑞嘉润盛博凯隆达信诚丰源福顺宏伟创汇众江云星禾蓝青松鼎铭正和力智鹭桥锦悦晟启卓翔骏茂"
SECOND = "远景泰达通诚德源盛丰华安康腾飞海峰岳川辉阳光宇辰雅宁程航途捷锐拓维邦祥庆裕和"
TAKEN = {"恒安", "盛达", "恒通", "鸿海", "信达", "顺丰", "顺通", "宏远", "德邦", "创维", "鸿星"}

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
GIVEN = (
    *(
        "伟",
        "芳",
        "娜",
        "敏",
        "静",
        "磊",
        "军",
        "洋",
        "勇",
        "艳",
        "杰",
        "涛",
        "明",
        "超",
        "霞",
        "平",
        "刚",
    ),
    *(
        "桂英",
        "秀兰",
        "建国",
        "志强",
        "晓东",
        "立群",
        "海燕",
        "文博",
        "思琪",
        "雨桐",
        "子轩",
        "佳怡",
    ),
    *(
        "俊杰",
        "晓峰",
        "丽华",
        "国栋",
        "慧敏",
        "振华",
        "婷婷",
        "学军",
        "春梅",
        "永健",
        "嘉豪",
        "晨曦",
    ),
    *("玉珍", "天佑", "宏伟", "若曦", "一帆", "倩", "浩", "琳", "鑫", "颖", "博文", "梦洁", "家明"),
)
LATIN_BRANDS = (
    *("Müller", "Nordwind", "Van Dijk", "Hansen", "Bergström", "Northsea", "Alster", "Kestrel"),
    *("Sunway", "Lion City", "Meridian", "Pacific Crest", "Harbour Point", "Blue Anchor"),
    *("Delacroix", "Rivage", "Kobayashi", "Minato", "Southern Cross", "Wattle", "Siam Star"),
    *("Chao Phraya", "Red River", "Golden Lotus", "Ashford", "Whitby", "Lakeshore", "Redwood"),
    *("Selangor", "Straits", "Maas", "Ooster", "Elbe", "Hanse", "Lumière", "Keppel Row"),
)
LATIN_PEOPLE = (
    *("Anna Schmidt", "Jonas Weber", "Pieter de Vries", "Sanne Bakker", "James Whitfield"),
    *("Claire Dubois", "Marc Lefèvre", "Nurul Aisyah", "Farid Rahman", "Wei Ling Tan"),
    *("Michael Brooks", "Sarah Nguyen", "Kenji Sato", "Yui Tanaka", "Olivia Hart", "Tom Ellery"),
    *("Somchai Prasert", "Linh Tran", "Minh Pham", "Grace Lim", "Oliver Stone", "Hannah Vogel"),
)
MOBILE = (
    "133",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "177",
    "180",
    "186",
    "189",
)

CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
CREDIT_WEIGHTS = tuple(3**place % 31 for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997


def pick(rng: Generator, among: tuple[str, ...] | str) -> str:
    return among[int(rng.integers(len(among)))]


def brand(rng: Generator) -> str:
    while True:
        name = pick(rng, FIRST) + pick(rng, SECOND)
        if name[0] != name[1] and name not in TAKEN:
            return name


def person_name(rng: Generator) -> str:
    return pick(rng, SURNAMES) + pick(rng, GIVEN)


def mobile(rng: Generator) -> str:
    return f"{pick(rng, MOBILE)}{int(rng.integers(10**8)):08d}"


def landline(rng: Generator, dialling_code: str) -> str:
    """Seven or eight digits after the code, as long as such numbers are there."""
    digits = 8 if len(dialling_code) == 3 else 7
    first = int(rng.integers(2, 9))
    return f"{dialling_code}-{first}{int(rng.integers(10 ** (digits - 1))):0{digits - 1}d}"


def credit_code(rng: Generator, district_code: str) -> str:
    """A unified social credit code of a company, both of its check digits right."""
    organisation = "MA" + "".join(
        CREDIT_DIGITS[int(digit)] for digit in rng.integers(0, 30, size=6)
    )
    base = f"91{district_code}{organisation}{organisation_check(organisation)}"
    return base + credit_check(base)


def organisation_check(code: str) -> str:
    total = sum(
        int(digit, 36) * weight for digit, weight in zip(code, ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def credit_check(base: str) -> str:
    total = sum(
        CREDIT_DIGITS.index(digit) * weight
        for digit, weight in zip(base, CREDIT_WEIGHTS, strict=True)
    )
    return CREDIT_DIGITS[(31 - total % 31) % 31]


def latin(name: str) -> str:
    """The ASCII letters of a name, for mail addresses and web sites."""
    plain = name.lower().replace("ü", "ue").replace("ö", "oe").replace("è", "e")
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
