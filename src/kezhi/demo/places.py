"""Where customers are: cities with their region, dialling code and registration district."""

from __future__ import annotations

from dataclasses import dataclass

from kezhi.demo.people import EAST, NORTH, SOUTH, WEST


@dataclass(frozen=True)
class City:
    department: str
    province: str
    name: str
    district_code: str
    dialling_code: str
    weight: float
    streets: tuple[str, ...] = ("工业大道", "科技路", "建设路", "兴业路", "物流大道", "创新路")


@dataclass(frozen=True)
class Country:
    """Customers abroad: their city, legal form and how their numbers look."""

    name: str
    city: str
    forms: tuple[str, ...]
    dialling_code: str
    tax_prefix: str


CITIES = (
    City(
        EAST,
        "上海",
        "上海",
        "310115",
        "021",
        11,
        ("沪南公路", "川沙路", "金海路", "外高桥保税区富特路"),
    ),
    City(EAST, "江苏", "苏州", "320505", "0512", 8, ("苏州工业园区星湖街", "长江路", "珠江路")),
    City(EAST, "江苏", "无锡", "320211", "0510", 4),
    City(EAST, "江苏", "南京", "320115", "025", 4),
    City(EAST, "江苏", "常州", "320411", "0519", 2.5),
    City(EAST, "江苏", "南通", "320602", "0513", 2),
    City(EAST, "浙江", "杭州", "330109", "0571", 6),
    City(EAST, "浙江", "宁波", "330206", "0574", 5, ("北仑大港路", "江海路", "甬江大道")),
    City(EAST, "浙江", "嘉兴", "330402", "0573", 2.5),
    City(EAST, "浙江", "义乌", "330782", "0579", 2.5),
    City(EAST, "安徽", "合肥", "340104", "0551", 3.5),
    City(EAST, "安徽", "芜湖", "340207", "0553", 1.5),
    City(EAST, "福建", "厦门", "350203", "0592", 3),
    City(EAST, "福建", "泉州", "350503", "0595", 1.5),
    City(EAST, "山东", "青岛", "370211", "0532", 4, ("前湾港路", "黄河东路", "江山南路")),
    City(EAST, "山东", "济南", "370102", "0531", 1.5),
    City(SOUTH, "广东", "广州", "440112", "020", 7, ("黄埔东路", "科学大道", "增槎路")),
    City(SOUTH, "广东", "深圳", "440305", "0755", 6, ("宝安大道", "盐田港路", "坪山大道")),
    City(SOUTH, "广东", "东莞", "441900", "0769", 4),
    City(SOUTH, "广东", "佛山", "440605", "0757", 4),
    City(SOUTH, "广东", "中山", "442000", "0760", 1.5),
    City(SOUTH, "广东", "惠州", "441302", "0752", 1.5),
    City(SOUTH, "广西", "南宁", "450103", "0771", 1.5),
    City(SOUTH, "海南", "海口", "460105", "0898", 1),
    City(NORTH, "北京", "北京", "110112", "010", 4, ("马驹桥物流园", "亦庄经海路", "京顺路")),
    City(NORTH, "天津", "天津", "120116", "022", 3.5, ("滨海新区新港路", "空港经济区中心大道")),
    City(NORTH, "河北", "石家庄", "130102", "0311", 1.5),
    City(NORTH, "河南", "郑州", "410105", "0371", 2.5),
    City(NORTH, "辽宁", "大连", "210203", "0411", 2),
    City(NORTH, "辽宁", "沈阳", "210102", "024", 1.5),
    City(WEST, "湖北", "武汉", "420106", "027", 3.5, ("光谷大道", "沌口路", "东西湖大道")),
    City(WEST, "湖南", "长沙", "430102", "0731", 2.5),
    City(WEST, "四川", "成都", "510107", "028", 3.5),
    City(WEST, "重庆", "重庆", "500112", "023", 2.5),
    City(WEST, "陕西", "西安", "610113", "029", 2),
    City(WEST, "云南", "昆明", "530102", "0871", 1),
)

COUNTRIES = (
    Country("德国", "Hamburg", ("GmbH", "GmbH & Co. KG"), "+49 40", "DE"),
    Country("荷兰", "Rotterdam", ("B.V.",), "+31 10", "NL"),
    Country("英国", "Felixstowe", ("Ltd",), "+44 1394", "GB"),
    Country("法国", "Le Havre", ("SAS", "SARL"), "+33 2", "FR"),
    Country("美国", "Long Beach", ("Inc.", "LLC"), "+1 562", ""),
    Country("新加坡", "Singapore", ("Pte. Ltd.",), "+65", ""),
    Country("马来西亚", "Kuala Lumpur", ("Sdn Bhd",), "+60 3", ""),
    Country("泰国", "Bangkok", ("Co., Ltd.",), "+66 2", ""),
    Country("越南", "Hai Phong", ("JSC",), "+84 225", ""),
    Country("日本", "Yokohama", ("K.K.",), "+81 45", ""),
    Country("澳大利亚", "Melbourne", ("Pty Ltd",), "+61 3", ""),
)
