"""What the demo company knows about questions that come again: for customers and for colleagues."""

# ruff: noqa: E501  # running text, as people write it
from __future__ import annotations

from dataclasses import dataclass

INTERNAL, PORTAL, PUBLIC = 0, 1, 2

TOPICS = (
    ("发货与下单", "Shipping and booking", ""),
    ("在途与签收", "On the way and delivery", ""),
    ("冷链", "Cold chain", "在途与签收"),
    ("货损与理赔", "Damage and claims", ""),
    ("仓储", "Warehousing", ""),
    ("国际货代", "Freight forwarding", ""),
    ("费用与发票", "Costs and invoices", ""),
    ("客服内部", "For colleagues", ""),
)


@dataclass(frozen=True)
class Text:
    """`products` are codes of goods; `helped` and `not_helped` what readers said."""

    topic: str
    audience: int
    title: str
    body: str
    title_en: str = ""
    body_en: str = ""
    keywords: str = ""
    products: tuple[str, ...] = ()
    helped: int = 0
    not_helped: int = 0


ARTICLES = (
    Text(
        "发货与下单", PUBLIC, "怎样下单发一票货",
        "1. 打客户经理电话，或在客户门户点**新建请求**。\n2. 写清：提货地址、收货地址、货名、件数、重量、体积、要求到达时间。\n"
        "3. 我们两小时内（工作时间）报价，你确认后排车。\n4. 提货前一天，司机姓名和车牌发到你留的手机。\n\n当天 15:00 前确认的单，次日可提货。",
        "How to book a shipment",
        "1. Call your account manager, or choose **New request** in the portal.\n2. Tell us: pick-up and delivery"
        " address, goods, pieces, weight, volume, and when they must arrive.\n3. Within two working hours you"
        " get a quote; once you confirm, we plan the truck.\n4. The day before pick-up you get the driver's"
        " name and number plate.\n\nConfirmed before 15:00, goods can be picked up the next day.",
        keywords="发货,寄货,约车,预订", helped=46, not_helped=4,
    ),
    Text(
        "发货与下单", PUBLIC, "零担和整车怎么选",
        "| | 零担 | 整车 |\n|---|---|---|\n| 货量 | 不到 5 吨或 15 方 | 超过 5 吨或 15 方 |\n| 时效 | 多一次中转，慢 1–2 天 | 直达 |\n"
        "| 货损 | 装卸两次以上 | 装卸一次 |\n\n易碎、怕压、赶时间的货，货量不大也建议**整车**或**当日达**。",
        "Part load or full truck?",
        "A part load is cheaper below five tonnes or fifteen cubic metres, but it changes trucks and takes one or"
        " two days longer. Fragile or urgent goods travel better in a **full truck**.",
        keywords="拼车,包车,LTL,FTL", products=("GX-07", "GX-08", "GX-01"), helped=31, not_helped=3,
    ),
    Text(
        "发货与下单", PUBLIC, "哪些东西不能寄",
        "不承运：易燃易爆品、剧毒品、放射性物品、活体动物、现金和有价证券、无熏蒸证明的原木。\n\n**限运**（先问客户经理）：锂电池、油漆、"
        "压缩气体、食品原料。锂电池要有 UN38.3 报告，写明货名“锂电池”，不要写“电子配件”。",
        "What we don't carry",
        "We don't carry explosives, poisons, radioactive material, live animals, cash or untreated timber. Ask"
        " first about lithium batteries (with a UN38.3 report), paint, compressed gas and food ingredients.",
        keywords="禁运,违禁品,危险品,锂电池", helped=22, not_helped=1,
    ),
    Text(
        "发货与下单", PUBLIC, "改地址或取消订单",
        "**提货前**：免费改，回复司机信息短信或联系客户经理。\n\n**提货后**：能改同城地址，按里程补差价；跨省改址按退回加新发计费。\n\n"
        "取消：提货前 4 小时以上免费，之后收放空费（见 KB-0018）。",
        "Change the address or cancel",
        "Before pick-up it is free. Afterwards we can change the address within the same city for the extra"
        " kilometres. Cancelling is free until four hours before pick-up.",
        keywords="改派,退单,撤单", helped=19, not_helped=5,
    ),
    Text(
        "在途与签收", PUBLIC, "怎样查货到哪里了",
        "- 门户：**订单 → 在途**，每 30 分钟更新一次位置。\n- 短信：把运单号发到提货短信的号码。\n- 电话：报运单号或提货电话后四位。\n\n"
        "山区和隧道里可能两小时没有位置，这不代表车停了。超过四小时没有更新，请联系我们。",
        "Where are my goods?",
        "In the portal under **Orders**, updated every thirty minutes; by text message with the waybill number; or"
        " by telephone. In mountains there may be no position for two hours. After four hours please tell us.",
        keywords="追踪,物流信息,轨迹,tracking,定位", helped=58, not_helped=9,
    ),
    Text(
        "在途与签收", PUBLIC, "收货时要当场检查什么",
        "1. 数件数，和运单核对。\n2. 看外包装：破、湿、变形、封签断。\n3. 有问题**先拍照再签字**：整车一张、货物三张、运单一张。\n"
        "4. 在回单上写明“破损 2 箱”这类具体数字，不要写“外包装破损，内物未验”。\n5. 24 小时内告诉我们（见 KB-0011）。",
        "What to check on delivery",
        "1. Count the pieces.\n2. Look for torn, wet or crushed packing and broken seals.\n3. **Photograph before you"
        " sign.**\n4. Write the exact number of damaged pieces on the receipt.\n5. Tell us within 24 hours.",
        keywords="签收,验货,清点", helped=37, not_helped=2,
    ),
    Text(
        "在途与签收", PUBLIC, "回单什么时候回来，怎样要电子回单",
        "电子回单：签收后 2 小时内在门户可下载。\n\n纸质回单：华东 5 天，其他 8 天，随月度对账单一起寄；急用可以到付快递。\n\n"
        "电子回单带签收人照片和时间戳，对账和付款可以直接用。",
        keywords="POD,签收单,签单,回执", helped=41, not_helped=6,
    ),
    Text(
        "在途与签收", PUBLIC, "收货人不在、拒收怎么办",
        "司机会打两次电话，等 30 分钟。联系不上时先问发货人：\n\n- 改约：第二次送货同城 120 元起。\n- 就近入仓：前 2 天免仓租。\n"
        "- 退回：按原路线运费的 80%。\n\n拒收要收货人写明原因并签字，我们拍照留存。",
        keywords="没人收货,二次配送,退货", helped=14, not_helped=3,
    ),
    Text(
        "冷链", PUBLIC, "冷链温度怎么看，超温怎么算",
        "每车两个记录仪，5 分钟记一次。门户的**温度**页能看曲线并下载 PDF。\n\n- 冷冻：-18 ℃ 以下，单次高于 -15 ℃ 超过 20 分钟算超温。\n"
        "- 冷藏：2–8 ℃，单次超过 10 ℃ 30 分钟算超温。\n- 开门装卸时的短时升温不算。\n\n收到超温通知，请先别卸货，联系我们（见 KB-0010）。",
        "How to read the temperature record",
        "Two loggers per truck write every five minutes; the portal shows the curve. Frozen goods above −15 °C for"
        " twenty minutes, or chilled goods above 10 °C for thirty, count as an excursion. Opening the doors"
        " doesn't.",
        keywords="温控,温度记录,断链,冷藏,冷冻", products=("LL-01", "LL-02"), helped=27, not_helped=2,
    ),
    Text(
        "冷链", PUBLIC, "冷链货到了温度不对，先做这几步",
        "1. **不要签收，也不要卸车**，关好车门。\n2. 用自己的测温枪量三处：门口、中部、最里，各拍一张。\n3. 让司机调出记录仪打印条，拍照。\n"
        "4. 拨打冷链专线，值班员 15 分钟内给处理意见：收、部分收、整车退。\n5. 药品和疫苗一律先隔离，等质量负责人签字。",
        keywords="超温,化冻,投诉温度", products=("LL-01",), helped=18, not_helped=1,
    ),
    Text(
        "货损与理赔", PUBLIC, "货坏了或少了，怎样报损",
        "请在**签收后 24 小时内**告诉我们，带上：\n\n- 照片：外包装、破损处、运单\n- 回单（写明破损数量）\n- 货值证明：发票或合同\n\n"
        "我们当天给编号，3 个工作日内给责任意见，7 个工作日内付款。隐蔽损坏可以放宽到 72 小时。",
        "Report damage or missing pieces",
        "Tell us **within 24 hours of delivery**, with photographs, the receipt and proof of value. You get a number"
        " the same day, our judgement within three working days, and payment within seven.",
        keywords="货损,破损,短少,丢货,索赔", helped=52, not_helped=11,
    ),
    Text(
        "货损与理赔", PUBLIC, "赔多少：保价和不保价",
        "**不保价**：按实际损失，每公斤最多赔运费的 3 倍（不足 100 元按 100 元）。\n\n**保价**：在声明价值内按损失比例赔，免赔 200 元。\n\n"
        "费率：普货 0.2%，易碎 0.4%，精密仪器 0.6%。保价在下单时选，提货后不能补。",
        keywords="货损赔偿,保险,保价,赔偿标准", helped=33, not_helped=8,
    ),
    Text(
        "货损与理赔", PORTAL, "理赔进度怎么看，款什么时候到",
        "门户 **我的请求** 里打开那一件：现在走到第几步、谁在办、下一步什么时候。\n\n赔款可以抵下月运费，也可以打到对公账户（3 个工作日）。\n\n"
        "对责任意见不同意，直接在那里回复，会由另一位同事复核。",
        keywords="赔款,理赔状态", helped=12, not_helped=2,
    ),
    Text(
        "仓储", PUBLIC, "怎样看库存，库存对不上怎么办",
        "门户 **仓储 → 库存** 每 10 分钟更新，可导出 Excel。\n\n对不上时先看三处：未过账的入库、已下未出的出库单、冻结（质检、召回）。\n\n"
        "还对不上，点“申请盘点”，我们 2 个工作日内盘该货位，差异写明原因。",
        "How to check stock",
        "The portal shows stock every ten minutes. If it differs, look for unposted receipts, open dispatch orders and"
        " blocked goods first; then ask for a count, done within two working days.",
        keywords="盘点,库存差异,WMS", products=("CC-01",), helped=21, not_helped=3,
    ),
    Text(
        "仓储", PUBLIC, "入库预约和到仓要求",
        "提前一天 16:00 前预约；未预约的车排在最后，可能等 4 小时以上。\n\n托盘 1.2 × 1.0 米，堆高不超过 1.6 米，单托不超过 1 吨；标签朝外，"
        "写明货号、批号、数量。\n\n混托要附装箱清单。",
        keywords="送仓,预约送货,托盘", helped=16, not_helped=2,
    ),
    Text(
        "国际货代", PUBLIC, "出口报关要准备哪些文件",
        "- 报关委托书（首次，盖公章）\n- 合同、发票、装箱单\n- 申报要素：品名、品牌、型号、材质、用途\n- 特殊货：商检、熏蒸、MSDS、原产地证\n\n"
        "截单前 **24 小时** 给齐；晚了会改船期，滞港费由发货人承担。",
        "Documents for customs clearance",
        "Power of attorney (once), contract, invoice, packing list and the declaration elements; for special goods an"
        " inspection, fumigation, MSDS or origin certificate. We need all of it **24 hours** before the cut-off.",
        keywords="清关,通关,单证", products=("GH-01",), helped=24, not_helped=4,
    ),
    Text(
        "国际货代", PUBLIC, "船期晚了怎么办",
        "晚开 3 天以内不另通知，门户里更新预计到港。超过 3 天，我们当天发邮件，并给两个方案：改船或改走中欧班列。\n\n"
        "信用证快到期的，请在订舱时告诉我们，我们留 7 天余量。",
        keywords="甩柜,延误,ETD,ETA", helped=9, not_helped=3,
    ),
    Text(
        "费用与发票", PUBLIC, "附加费有哪些，怎么算",
        "- 等待：免费 2 小时，之后每小时 80 元\n- 放空：取消晚于 4 小时，收运费的 30%\n- 上楼：每层每件 5 元起\n- 夜间（22:00–6:00）：加 20%\n"
        "- 燃油：每月 1 日按发改委油价调整\n\n每一项都在运单和对账单上单列，没有说明的附加费可以不付。",
        "Which surcharges are there?",
        "Waiting after two free hours, late cancellation (30 %), carrying upstairs, night work (20 %), and fuel, set on"
        " the first of each month. Each stands on its own line of the statement; one that doesn't needn't be paid.",
        keywords="等时费,放空费,燃油附加,加价", helped=35, not_helped=7,
    ),
    Text(
        "费用与发票", PUBLIC, "怎样开票、改抬头、补寄发票",
        "每月 5 日前出上月对账单，确认后 3 个工作日开**电子专票**（9% 运输、6% 仓储），发到登记的邮箱。\n\n改抬头：当月发票可以红冲重开，跨月的请联系客户经理。",
        "Invoices",
        "You get last month's statement by the 5th. Three working days after you confirm it, the electronic VAT invoice"
        " goes to your registered address (9 % transport, 6 % warehousing).",
        keywords="发票,专票,抬头,税率", helped=44, not_helped=3,
    ),
    Text(
        "费用与发票", PORTAL, "对账单有疑问怎样提",
        "在门户打开对账单，点有疑问的那一行写原因。其余部分照常付款，有疑问的部分不计逾期。\n\n我们 2 个工作日内回复，附运单和签收照片。",
        keywords="对账,账单不对", helped=15, not_helped=1,
    ),
    Text(
        "客服内部", INTERNAL, "冷链超温投诉的处理口径",
        "1. 先问人和货：药品、疫苗、食品、普通。药品和疫苗立即升级到质量部。\n2. 15 分钟内回第一个电话，不争责任。\n3. 取两个记录仪的数据，"
        "比对装车温度；装车时已超温，请发货人一起确认。\n4. 补偿权限：客服主管 3,000 元，区域经理 20,000 元，再高走审批。\n5. 关单前必须有客户答复。",
        keywords="话术,升级,赔付权限", helped=6, not_helped=0,
    ),
    Text(
        "客服内部", INTERNAL, "大客户旺季爆仓时怎么说",
        "不说“没办法”。说三件事：现在排到哪天、我们先保哪些货、最晚几点给准信。\n\nS 级客户由区域经理亲自打电话。答应的时间写进工单，写不进的不答应。",
        keywords="爆仓,旺季,话术", helped=8, not_helped=1,
    ),
    Text(
        "客服内部", INTERNAL, "系统查不到轨迹时的排查顺序",
        "1. 运单号有没有输错：O 和 0、I 和 1。\n2. 外包车：看承运商平台，编号规则见共享盘。\n3. 设备离线超过 4 小时，打司机电话。\n"
        "4. 司机失联 2 小时，通知安全员并告诉客户，不等客户来问。",
        keywords="轨迹,GPS,失联", helped=11, not_helped=0,
    ),
    Text(
        "客服内部", INTERNAL, "新客户第一票货的注意事项",
        "第一票决定他还来不来。提货前客服主管核一遍地址和联系人；在途主动报三次（提货、过半、到达前 2 小时）；签收后 24 小时内回访，问三句：准时吗、完好吗、司机怎么样。",
        keywords="首单,回访", helped=5, not_helped=0,
    ),
    Text(
        "客服内部", INTERNAL, "退换货和二次配送的费用谁出",
        "- 我方原因（送错、超时、破损）：我方出，记入服务成本。\n- 收货人原因：发货人先出，由发货人向收货人收。\n- 说不清：各半，区域经理批。\n\n不要让司机现场收钱。",
        keywords="二次配送,费用归属", helped=4, not_helped=1,
    ),
)  # fmt: skip
