from kezhi.core.names import name_key


def test_chinese_and_latin_names_come_into_one_order():
    names = ["远航供应链", "Müller Logistik", "安徽茶业", "北京华谊", "ABC 贸易"]
    assert sorted(names, key=name_key) == [
        "ABC 贸易",
        "安徽茶业",
        "北京华谊",
        "Müller Logistik",
        "远航供应链",
    ]


def test_a_key_is_pinyin_in_lower_case_and_bounded():
    assert name_key(" 安徽ABC ") == "an hui abc"
    assert len(name_key("华" * 500)) <= 200
