"""The survey of the tests: a question for each part of delivered value, three for each construct."""

PARTS = ("product", "personnel", "image", "service", "time", "mental", "physical")
CONSTRUCTS = ("perceived_value", "switching_cost", "satisfaction", "intention")
QUESTIONS = [
    *({"code": part, "text": f"How is the {part}?", "factor": part} for part in PARTS),
    {"code": "price", "text": "What do you pay a unit?", "factor": "money", "unit": "money"},
    *(
        {"code": f"{name}_{n}", "text": f"{name} {n}", "factor": name, "low": 1, "high": 7}
        for name in CONSTRUCTS
        for n in (1, 2, 3)
    ),
]
