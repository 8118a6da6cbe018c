"""What was said: short lines as colleagues write them, by occasion and channel."""

from __future__ import annotations

Line = tuple[str, str]  # channel, text with {who}, {good}, {other}, {count}, {share}

OPENING: tuple[Line, ...] = (
    ("call", "初次联系{who}，目前{good}由两家承运商分包，愿意看我们的报价。"),
    ("visit", "拜访{who}，看了仓库和装货月台，日均出货 {count} 托，痛点是旺季车辆不稳。"),
    ("wechat", "{who}加了微信，发来近三个月的线路和货量表，约好先报{good}。"),
    ("email", "已发公司介绍、资质和{good}报价单，{who}说内部比价后答复。"),
    ("call", "{who}确认试单，先走一票{good}，看时效和签收回单。"),
    ("visit", "带运营一起去做方案汇报，{who}认可分仓方案，要求补充应急预案。"),
)
ROUTINE: tuple[Line, ...] = (
    ("call", "{who}来电确认下周{good}的车次，共 {count} 单，要求提前一天报车牌。"),
    ("wechat", "{who}问 {count} 号那票的到货时间，已查到在途截图发过去。"),
    ("wechat", "对账单已发{who}，金额无异议，等财务盖章。"),
    ("call", "与{who}核对本月{good}用量，比上月多 {share}%，提醒我们提前备车。"),
    ("visit", "季度回顾：准时率 {good_share}%，{who}满意，希望回单再快一天。"),
    ("email", "把{other}的方案和报价发给{who}，建议与{good}一起签年框。"),
    ("call", "{who}想了解{other}，约下周二线上演示。"),
    ("wechat", "{who}说新仓月底启用，{good}的卸货地址要改，已通知调度。"),
    ("call", "回访{who}：最近 {count} 票全部准点，没有异常。"),
    ("note", "{who}下季度换采购负责人，需要提前认识接手的同事。"),
    ("visit", "走访仓库，{who}提到包装破损偏多，建议改用循环托盘。"),
    ("email", "开票信息变更，{who}发来新的开户行，已转财务。"),
    ("call", "旺季排班沟通，{who}要求锁定 {count} 台固定车。"),
    ("wechat", "给{who}发了节日问候，对方回复合作愉快。"),
    ("call", "{who}询问账期能否从 30 天延到 45 天，答应请示后回复。"),
    ("note", "客户今年在外地新开 2 个分仓，{other}有机会。"),
)
COMPLAINT: tuple[Line, ...] = (
    ("call", "{who}投诉：{good}晚到 4 小时，产线停了一次，要求书面说明。"),
    ("call", "{who}来电反映到货外箱破损 {count} 箱，照片已收，正在定责。"),
    ("wechat", "{who}反映回单迟迟未上传，影响他们请款，已催分公司。"),
    ("call", "{who}对客服夜间无人接听不满，要求指定专人。"),
    ("email", "收到{who}的索赔函，涉及{good} {count} 件，已转理赔。"),
    ("call", "第三次为同一条线路的压车费争执，{who}坚持由我方承担。"),
)
RISE: tuple[Line, ...] = (
    ("email", "调价函已发{who}，运输和冷链上调 7%，说明燃油和人工依据。"),
    ("call", "与{who}谈调价，对方要求分两次执行，先答应回去核算。"),
    ("visit", "上门解释调价，{who}拿出另一家的报价，低 {share}%，没有当场同意。"),
    ("call", "{who}不接受 7% 的涨幅，说试用期还没过就涨价，订单先放一放。"),
)
FADING: tuple[Line, ...] = (
    ("call", "{who}说部分线路在试另一家，比我们低 {share}%，量会先分出去一半。"),
    ("visit", "拜访{who}，上月{good}温度超标的事还没给结论，总监有意见。"),
    ("call", "{who}反映固定车换了司机后两次晚点，新订单先给了备选供应商。"),
    ("wechat", "问{who}本周发货计划，回复“再看看”，比平时晚了好几天。"),
    ("call", "{who}要求重新谈年框价格，否则下季度招标。"),
)
SILENT: tuple[Line, ...] = (
    ("call", "{who}电话未接，已连续两周没有下单。"),
    ("wechat", "发消息问{who}排产情况，已读未回。"),
    ("call", "联系上{who}：冷链温度记录的赔付没谈拢，领导要求暂停派单。"),
    ("call", "{who}透露竞争对手报价低 {share}%，正在试跑，让我们给出方案。"),
)
PROSPECT: tuple[Line, ...] = (
    ("call", "首次电话联系{who}，暂无需求，年底招标时再联系。"),
    ("email", "发了{good}的介绍，{who}没有回复。"),
    ("visit", "展会上认识{who}，交换名片，对{other}感兴趣。"),
    ("note", "年出货量约 {count} 万件，目前自营车队，等车辆到期再谈。"),
)
ABROAD: tuple[Line, ...] = (
    ("email", "Sent {who} the revised door-to-door rates; they compare with two other forwarders."),
    ("call", "{who} confirmed next month's bookings: {count} containers, same routing."),
    ("email", "{who} asks for earlier cut-off notices. Operations will send them two days ahead."),
    (
        "call",
        "Quarterly call with {who}: on-time {good_share}%, documents complete, no open claims.",
    ),
    ("email", "Shared the customs checklist with {who}; the last filing had a wrong HS code."),
    ("call", "{who} wonders whether we can hold bonded stock closer to the port."),
    ("note", "New plant opens next year, inbound volume should grow by about {share}%."),
    ("email", "Invoice {count} was short-paid by a rounding difference; {who} will correct it."),
)

PLANNED: dict[str, tuple[str, ...]] = {
    "routine": (
        "确认下周发货计划",
        "发送上月对账单",
        "季度回顾会",
        "补签年度框架合同",
        "回复账期申请",
        "约新任采购负责人见面",
        "推荐循环托盘方案",
        "跟进回单上传",
        "核对旺季车辆安排",
        "汇报库存盘点结果",
    ),
    "risk": (
        "回访：订单停了，问清原因",
        "带方案上门，谈恢复派单",
        "给出温度超标的赔付结论",
        "请区域经理一起拜访",
        "重谈年框价格",
    ),
    "new": ("首单回访", "补充合同与开票资料", "介绍仓储与增值服务", "确认试单反馈"),
    "prospect": ("再次联系，了解招标时间", "寄送案例资料", "邀请参观冷库"),
    "abroad": (
        "Confirm next month's bookings",
        "Send updated rate sheet",
        "Review customs documents",
        "Call about bonded storage",
    ),
}
OUTCOMES = (
    "已确认，按计划执行",
    "对方同意，本周发合同",
    "电话沟通完，没有异议",
    "已发资料，等回复",
    "见面谈妥，下月开始",
    "暂无需求，下季度再联系",
)
OUTCOMES_ABROAD = (
    "Confirmed by e-mail",
    "Agreed, starts next month",
    "Sent, waiting for an answer",
)
