/* The charts that HTML and SVG from the server can't be: drawn by ECharts from the JSON beside each place.
   Colours come from the tokens and are drawn anew when the theme changes; titles and notes live in HTML. */
(() => {
  "use strict";
  const MINUS = "\u2212";
  const zh = document.documentElement.lang.startsWith("zh");
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const narrow = () => innerWidth < 760;
  const paint = () => ({
    text: token("text"),
    text2: token("text-2"),
    text3: token("text-3"),
    line: token("line"),
    line2: token("line-2"),
    surface: token("surface"),
    raised: token("raised"),
    accent: token("accent"),
    risk: token("risk"),
    riskText: token("risk-text"),
    warn: token("warn"),
    plan: token("plan"),
    tier: Object.fromEntries([..."SABCD"].map((t) => [t, token(`tier-${t.toLowerCase()}`)])),
    cat: [1, 2, 3, 4, 5, 6].map((n) => token(`cat-${n}`)),
  });

  const trimmed = (amount) => {
    const digits = amount < 10 ? 2 : amount < 100 ? 1 : 0;
    return Number(amount.toFixed(digits)).toLocaleString("en");
  };
  const short = (value) => {
    const sign = value < 0 ? MINUS : "";
    const size = Math.abs(value);
    if (size < 1e4) return sign + trimmed(size);
    if (zh) return sign + (size < 9999.5e4 ? `${trimmed(size / 1e4)} 万` : `${trimmed(size / 1e8)} 亿`);
    if (size < 999.5e3) return `${sign}${trimmed(size / 1e3)}K`;
    return sign + (size < 999.5e6 ? `${trimmed(size / 1e6)}M` : `${trimmed(size / 1e9)}B`);
  };
  const percent = (value) => `${Math.round(value * 100)}%`;

  const axis = (ink, more = {}) => ({
    axisLine: { show: false },
    axisTick: { show: false },
    nameLocation: "middle",
    nameTextStyle: { color: ink.text3, fontSize: 12 },
    ...more,
    axisLabel: { color: ink.text3, fontSize: 12, hideOverlap: true, ...more.axisLabel },
    splitLine: { lineStyle: { color: ink.line, width: 1 }, ...more.splitLine },
  });
  const tip = (ink, more = {}) => ({
    renderMode: "richText",
    confine: true,
    backgroundColor: ink.raised,
    borderColor: ink.line2,
    borderWidth: 1,
    padding: [8, 12],
    textStyle: { color: ink.text, fontSize: 12, lineHeight: 18, rich: { b: { fontWeight: 600, color: ink.text } } },
    ...more,
  });
  // What stands in braces means style to ECharts' rich text.
  const plain = (text) => String(text ?? "").replaceAll("{", "(").replaceAll("}", ")").replaceAll("|", "/");
  const bold = (text) => `{b|${plain(text)}}`;

  const kinds = {
    pareto(ink, data) {
      const { mark } = data;
      return {
        grid: { left: 44, right: 16, top: 16, bottom: 28 },
        tooltip: tip(ink, {
          trigger: "axis",
          axisPointer: { lineStyle: { color: ink.line2 } },
          formatter: (at) => `${Math.round(at[0].value[0])}% ${plain(data.x_label)}\n${bold(`${Math.round(at[0].value[1])}%`)} ${plain(data.y_label)}`,
        }),
        xAxis: axis(ink, { type: "value", max: 100, axisLabel: { formatter: "{value}%" }, splitLine: { show: false } }),
        yAxis: axis(ink, { type: "value", max: Math.max(100, Math.ceil(Math.max(...data.points.map((p) => p[1])) / 25) * 25), interval: 25, axisLabel: { formatter: "{value}%" } }),
        series: [
          {
            type: "line",
            data: data.points,
            showSymbol: false,
            lineStyle: { color: ink.accent, width: 2 },
            itemStyle: { color: ink.accent },
            areaStyle: { color: ink.accent, opacity: 0.07 },
            markPoint: mark && {
              symbol: "circle",
              symbolSize: 9,
              itemStyle: { color: ink.accent, borderColor: ink.surface, borderWidth: 2 },
              label: { show: true, position: mark.x > 55 ? "left" : "right", distance: 10, formatter: plain(mark.label), color: ink.text, fontSize: 13, fontWeight: 600 },
              data: [{ coord: [mark.x, mark.y] }],
            },
            markLine: mark && {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: ink.line2, type: "solid", width: 1 },
              data: [[{ coord: [mark.x, 0] }, { coord: [mark.x, mark.y] }]],
            },
            markArea: mark && { silent: true, itemStyle: { color: ink.accent, opacity: 0.05 }, data: [[{ xAxis: 0 }, { xAxis: mark.x }]] },
          },
        ],
      };
    },

    matrix(ink, data) {
      const max = data.max ?? 100;
      const [splitX, splitY] = data.split ?? [max / 2, max / 2];
      const largest = Math.max(1, ...data.points.map((p) => p.size));
      const radius = (size) => Math.max(7, Math.sqrt(Math.max(0, size) / largest) * (narrow() ? 30 : 44));
      const named = data.points
        .filter((p) => p.name)
        .sort((a, b) => b.size - a.size)
        .slice(0, narrow() ? 4 : 9);
      const corner = (x, y, text, align, verticalAlign) => ({ value: [x, y], label: { show: true, formatter: plain(text), color: ink.text3, fontSize: 12, align, verticalAlign, position: [0, 0] } });
      const corners = data.corners ?? ["", "", "", ""];
      const inset = max * 0.015;
      return {
        grid: { left: 48, right: 12, top: 12, bottom: 44 },
        tooltip: tip(ink, { formatter: (at) => (at.data.name ? `${bold(at.data.name)}${at.data.tip ? `\n${plain(at.data.tip)}` : ""}` : "") }),
        xAxis: axis(ink, { type: "value", min: 0, max, interval: max / 2, name: data.x_label, nameGap: 26, splitLine: { show: false } }),
        yAxis: axis(ink, { type: "value", min: 0, max, interval: max / 2, name: data.y_label, nameGap: 32, splitLine: { show: false } }),
        series: [
          {
            type: "scatter",
            symbolSize: (_, at) => radius(at.data.size),
            data: data.points.map((p) => ({
              ...p,
              value: [p.x, p.y],
              itemStyle: {
                color: ink.tier[p.tier] ?? ink.tier.D,
                opacity: 0.85,
                borderColor: p.risk ? ink.risk : p.tier === "C" || p.tier === "D" ? ink.tier.B : ink.surface,
                borderWidth: p.risk ? 2 : 1,
              },
            })),
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: ink.line2, type: "solid", width: 1 },
              data: [{ xAxis: splitX }, { yAxis: splitY }, { xAxis: 0 }, { yAxis: 0 }, { xAxis: max }, { yAxis: max }],
            },
          },
          {
            type: "scatter",
            silent: true,
            symbolSize: 1,
            z: 9,
            itemStyle: { color: "transparent" },
            labelLayout: { hideOverlap: true },
            data: named.map((p) => ({
              value: [p.x, p.y],
              label: {
                show: true,
                formatter: plain(p.name),
                position: p.x > max * 0.72 ? "left" : "right",
                distance: radius(p.size) / 2 + 4,
                color: p.risk ? ink.riskText : ink.text,
                fontSize: 12,
                textBorderColor: ink.surface,
                textBorderWidth: 4,
              },
            })),
          },
          {
            type: "scatter",
            silent: true,
            symbolSize: 1,
            z: 1,
            itemStyle: { color: "transparent" },
            data: [
              corner(inset, max - inset, corners[0], "left", "top"),
              corner(max - inset, max - inset, corners[1], "right", "top"),
              corner(inset, inset, corners[2], "left", "bottom"),
              corner(max - inset, inset, corners[3], "right", "bottom"),
            ],
          },
        ],
      };
    },

    sankey(ink, data) {
      const stages = { new: ink.cat[3], growing: ink.accent, mature: ink.tier.S, declining: ink.warn, lost: ink.risk };
      const tone = { warn: [ink.warn, 0.55], risk: [ink.risk, 0.3] };
      const stageOf = Object.fromEntries(data.nodes.map((node) => [node.key, node]));
      const side = narrow() ? 76 : 104;
      return {
        tooltip: tip(ink, {
          formatter: (at) => {
            if (at.dataType === "node") return `${bold(stageOf[at.name].name)} ${short(stageOf[at.name].count)}`;
            const from = stageOf[at.data.source];
            const to = stageOf[at.data.target];
            return `${plain(from.name)} → ${plain(to.name)}\n${bold(at.data.tip ?? short(at.data.value))}`;
          },
        }),
        series: [
          {
            type: "sankey",
            left: side,
            right: side,
            top: 8,
            bottom: 8,
            nodeWidth: 8,
            nodeGap: 12,
            draggable: false,
            layoutIterations: 0,
            emphasis: { focus: "adjacency" },
            data: data.nodes.map((node) => ({
              name: node.key,
              href: node.href,
              depth: node.side === "left" ? 0 : 1,
              itemStyle: { color: stages[node.stage] ?? ink.cat[5], borderWidth: 0 },
              label: { position: node.side === "left" ? "left" : "right" },
            })),
            links: data.links.map((link) => ({
              source: link.source,
              target: link.target,
              value: link.count,
              href: link.href,
              tip: link.tip,
              lineStyle: {
                color: tone[link.tone]?.[0] ?? ink.text3,
                opacity: tone[link.tone]?.[1] ?? (stageOf[link.source].stage === stageOf[link.target].stage ? 0.1 : 0.17),
                curveness: 0.5,
              },
            })),
            label: { color: ink.text, fontSize: 12, formatter: (at) => `${plain(stageOf[at.name].name)} ${short(stageOf[at.name].count)}` },
          },
        ],
      };
    },

    lines(ink, data) {
      const look = {
        fact: { color: ink.accent, width: 2.5, type: "solid" },
        predicted: { color: ink.plan, width: 2, type: "dashed" },
        compare: { color: ink.text3, width: 1.5, type: "dashed" },
        cost: { color: ink.cat[1], width: 1.5, type: "solid" },
      };
      const format = data.y_format === "percent" ? percent : short;
      const labelled = data.series.some((series) => series.end);
      return {
        grid: { left: 52, right: labelled ? (narrow() ? 84 : 120) : 16, top: 16, bottom: 28 },
        tooltip: tip(ink, {
          trigger: "axis",
          axisPointer: { lineStyle: { color: ink.line2 } },
          formatter: (at) => [bold(at[0].axisValue), ...at.filter((p) => p.value != null).map((p) => `${plain(p.seriesName)} ${format(p.value)}`)].join("\n"),
        }),
        xAxis: axis(ink, { type: "category", data: data.x, boundaryGap: false, splitLine: { show: false } }),
        yAxis: axis(ink, { type: "value", axisLabel: { formatter: format } }),
        series: data.series.map((series, place) => {
          const { color, width, type } = look[series.kind] ?? look.fact;
          return {
            name: series.name,
            type: "line",
            data: series.data,
            showSymbol: false,
            lineStyle: { color, width, type },
            itemStyle: { color },
            endLabel: { show: Boolean(series.end), formatter: plain(series.end ?? ""), color: series.kind === "compare" ? ink.text2 : color, fontSize: 12 },
            labelLayout: { moveOverlap: "shiftY" },
            markLine:
              place === 0 && data.mark
                ? {
                    silent: true,
                    symbol: "none",
                    lineStyle: { color: ink.line2, type: "solid", width: 1 },
                    label: { formatter: plain(data.mark.text), color: ink.text3, fontSize: 12, position: "insideEndTop", rotate: 0, align: "right", distance: [6, -14] },
                    data: [{ xAxis: data.mark.x }],
                  }
                : undefined,
          };
        }),
      };
    },

    calibration(ink, data) {
      const top = Math.max(1e-9, ...data.points.flatMap((p) => [p.expected, p.actual])) * 1.05;
      return {
        grid: { left: 52, right: 16, top: 16, bottom: 44 },
        tooltip: tip(ink, { formatter: (at) => `${bold(at.name)}\n${plain(data.x_label)} ${short(at.value[0])}\n${plain(data.y_label)} ${short(at.value[1])}` }),
        xAxis: axis(ink, { type: "value", min: 0, max: top, name: data.x_label, nameGap: 28, splitLine: { show: false }, axisLabel: { formatter: short, showMaxLabel: false } }),
        yAxis: axis(ink, { type: "value", min: 0, max: top, name: data.y_label, nameGap: 38, axisLabel: { formatter: short, showMaxLabel: false } }),
        series: [
          { type: "line", silent: true, showSymbol: false, lineStyle: { color: ink.text3, width: 1, type: "dashed" }, data: [[0, 0], [top, top]] },
          {
            type: "line",
            symbol: "circle",
            symbolSize: 8,
            lineStyle: { color: ink.accent, width: 1.5 },
            itemStyle: { color: ink.accent, borderColor: ink.surface, borderWidth: 1 },
            data: data.points.map((p) => ({ value: [p.expected, p.actual], name: p.label, href: p.href })),
          },
        ],
      };
    },
  };

  const drawn = new Map();
  const draw = (place) => {
    const source = place.parentElement.querySelector('script[type="application/json"]');
    const build = kinds[place.dataset.chart];
    if (!source || !build || drawn.has(place)) return;
    const data = JSON.parse(source.textContent);
    const label = place.getAttribute("aria-label");
    const chart = echarts.init(place, null, { renderer: "svg" });
    const paintAll = () =>
      chart.setOption({ animation: false, aria: { enabled: false }, textStyle: { fontFamily: token("font"), fontSize: 12, color: token("text-2") }, ...build(paint(), data) }, true);
    paintAll();
    // ECharts may write its own; ours says what the chart means.
    place.setAttribute("aria-label", label);
    chart.on("click", (at) => {
      const href = at.data?.href ?? data.href;
      if (href) location.href = href;
    });
    if (data.href) place.classList.add("click");
    drawn.set(place, { chart, paintAll });
    watcher.observe(place);
  };
  let timer = 0;
  const watcher = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      drawn.forEach(({ chart, paintAll }, place) => {
        if (!place.isConnected) {
          chart.dispose();
          drawn.delete(place);
          return;
        }
        chart.resize();
        paintAll();
      });
    }, 120);
  });
  const drawAll = (root = document) => root.querySelectorAll("[data-chart]").forEach(draw);
  addEventListener("themechange", () => drawn.forEach(({ paintAll }) => paintAll()));
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentElement || document));
  drawAll();
})();
