"""What was exported and is imported again changes nothing, for every kind that can be imported."""

from datetime import UTC

import pytest
from django.utils import translation

from kezhi.dataio.registry import kinds, loader_of
from kezhi.ledger.models import Order
from kezhi.records import registry
from kezhi.workbench.exporting import export

pytestmark = pytest.mark.django_db
# Two customers are there: C-1, and C-2 with 赵云.
FILES = {
    "customer": """编号,客户名称,企业类型,电话,城市,标签
C-3,丙公司,企业,0551-62820033,合肥,重点; 茶
C-4,丁先生,个人,,,
""",
    "contact": """客户,姓名,职务,决策角色,手机,主要联系人,标签
C-1,王敏,经理,购买者,13800001111,是,茶
C-1,李雷,,,,否,
""",
    "address": "客户,用途,街道,城市\nC-1,收货,茶叶路 88 号,合肥\n",
    "identifier": "客户,系统,号码\nC-1,ERP,000123\n",
    "relation": "客户,关系,另一方\nC-1,供应,C-2\n",
    "important_date": "客户,名称,日期,场合\nC-1,王老板,1970-03-05,生日\n",
    "article": "标题,正文,负责人\n货收到时破了怎么办,请先拍照再签收。,{person}\n",
    "complaint": """投诉编号,客户,主题,类别,投诉日期,结案日期,客户答复,补偿金额,标签
TS-17,C-1,三箱受潮,运输,2025-03-01,2025-03-09,接受,800,茶
TS-18,C-2,发票开错,服务,2025-03-02,2025-03-02,未联系上,,
""",
    "success_plan": "客户,目标,负责人,达成期限,标签\nC-1,破损率减半,{person},2030-01-31,茶\n",
    "need": "客户,需求,负责人,答复期限,数量,标签\nC-1,要春茶,{person},2030-01-31,12,茶\n",
    "promise": "客户,承诺内容,主题,承诺人,到期日\nC-1,三日内报价,价格,{person},2030-01-31\n",
    "product": """产品编号,产品名称,类别,单位,标准价,成本价,标签
P-1,黄山毛峰,茶叶,罐,128.5,76.25,春茶
""",
    "order": """订单号,客户编号,日期,产品编号,数量,金额,渠道
SO-1,C-1,2025-03-01,P-9,2,20,经销
SO-1,C-1,2025-03-01,P-8,1,7.5,经销
SO-2,C-2,2025-03-02,P-9,1,10,
""",
    "cost": """客户,费用类型,日期,金额,备注
C-1,运费,2025-03-01,35.5,合肥到上海
C-1,运费,2025-03-01,35.5,合肥到上海
""",
    "acquisition_cost": """来源,活动,费用开始,费用结束,金额,备注
展会,春季展,2025-03-01,2025-03-31,18000,展位
展会,春季展,2025-03-01,2025-03-31,18000,差旅
""",
    "contract": """合同编号,合同名称,客户,开始日期,到期日期,续约周期,合同金额,合同状态,终止原因,续约次数,标签
HT-1,冷库年度保养,C-1,2024-03-01,2026-02-28,12,36000,执行中,,,重点
HT-2,仓储,C-2,2024-03-01,2024-08-31,,8000.5,已流失,价格,2,
""",
    "consent": "同意事项,客户,同意人,渠道,同意日期,来源说明\n营销推广,C-2,赵云,邮箱,2025-03-01,展会登记表\n",
    "survey_item": """code,question,factor,unit,low,high,reversed,source,active
Q-1,产品好用吗,product value,points of a scale,0,5,no,,yes
Q-2,为产品付多少,monetary cost,money,,,,asked,no
Q-3,去年上门几次,time cost,,0,12,yes,counted: visits in 12 months,yes
""",
    "survey_answer": """受访者,客户,题目,回答,日期,评价对象
R-1,C-1,Q-9,8,2025-03-01,
R-1,C-1,Q-9,6.5,2025-03-01,恒达
R-1,C-1,价格高吗,2.25,2025-03-01,本公司
R-2,C-2,Q-9,10,2025-03-02,
""",
}
ASKED = """code,question,factor
Q-9,服务好吗,service value
Q-8,价格高吗,monetary cost
"""


@pytest.fixture
def two_customers(bring_in):
    bring_in("customer", "编号,客户名称\nC-1,甲公司\nC-2,乙公司\n")
    bring_in("contact", "客户,姓名\nC-2,赵云\n")


# Several people of a customer answer on a day: a response has no key, and what came before is refused
# (tests/satisfaction/test_importing.py).
WITHOUT_KEY = {"survey_response"}


def test_no_kind_is_forgotten():
    assert set(FILES) | WITHOUT_KEY == set(kinds())


@pytest.fixture
def two_questions(bring_in):
    bring_in("survey_item", ASKED)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", list(FILES))
def test_an_export_comes_back_unchanged(
    name, language, two_customers, two_questions, bring_in, owner
):
    first = bring_in(name, FILES[name].format(person=owner.login))
    assert (first.bad, first.created) == (0, first.total), first.causes
    with translation.override(language):
        kind = registry[name]
        taken = {field.name for field in loader_of(name).fields()}
        fields = (
            [field for field in kind.fields if field.name in taken]
            if name != "order"
            else kind.fields
        )
        rows = kind.model._default_manager.order_by("pk")
        lines = b"".join(export(kind, rows, fields, actor=owner, zone=UTC, form="csv"))
        again = bring_in(name, lines)
    assert (again.bad, again.created, again.updated) == (0, 0, 0), (again.causes, lines.decode())
    assert again.unchanged == again.total > 0


def test_an_exported_order_adds_no_line(two_customers, bring_in, owner):
    bring_in("order", FILES["order"])
    before = list(Order.objects.order_by("pk").values_list("number", "amount", "lines_count"))
    bring_in("order", "订单号,客户,日期,金额\nSO-1,甲公司,2025-03-01,27.5\n")
    assert (
        list(Order.objects.order_by("pk").values_list("number", "amount", "lines_count")) == before
    )
