"use strict";

// The plots: drawn by uPlot from the figures in #plot-data. Nothing of the target's is among them.
const plots = (() => {
  const held = document.getElementById("plot-data");
  const data = held ? JSON.parse(held.textContent) : {};
  const drawn = new Map();
  const sync = uPlot.sync("time");
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const digits = value => Number(value.toPrecision(3)).toString();
  function span(seconds) {
    if (seconds == null) return "–";
    if (seconds === 0) return "0";
    if (seconds < 1e-3) return digits(seconds * 1e6) + "µs";
    if (seconds < 1) return digits(seconds * 1e3) + "ms";
    if (seconds < 60) return digits(seconds) + "s";
    const whole = Math.round(seconds);
    const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "m"], [whole % 60, "s"]];
    return parts.filter(([count]) => count > 0).map(([count, unit]) => count + unit).join("");
  }
  const count = value => value == null ? "–" : value.toLocaleString("en");

  // What each plot shows: lines with their colour, and how its vertical axis is written.
  const kinds = {
    requests: { lines: [["requests", "requests/s", "--c1"]], write: count, fill: true },
    latency: { lines: [["p99", "p99", "--c3"], ["p95", "p95", "--c2"], ["median", "median", "--c1"]], write: span },
    failed: { lines: [["failed", "failed/s", "--bad"]], write: count, fill: true },
    users: { lines: [["users", "users", "--c1"]], write: count, fill: true },
  };

  // Vertical lines with a key on top, and a band over the warm-up.
  function drawMarks(plot, marks, band) {
    const { ctx, bbox } = plot;
    const x = at => plot.valToPos(at, "x", true);
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    if (band) {
      ctx.fillStyle = colour("--band");
      ctx.fillRect(x(band[0]), bbox.top, x(band[1]) - x(band[0]), bbox.height);
    }
    ctx.font = `${11 * ratio}px ui-monospace, monospace`;
    ctx.textBaseline = "top";
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    let free = -Infinity, row = 0;
    for (const mark of marks) {
      const at = x(mark.at);
      if (at < bbox.left || at > bbox.left + bbox.width) continue;
      const width = ctx.measureText(mark.key).width + 8 * ratio;
      row = at < free ? (row + 1) % 3 : 0;
      free = at + width;
      ctx.strokeStyle = ctx.fillStyle = colour("--mark-" + mark.kind);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      // A key at the right edge stands on the other side of its line.
      const fits = at + width <= bbox.left + bbox.width;
      ctx.textAlign = fits ? "left" : "right";
      ctx.fillText(mark.key, at + (fits ? 3 : -3) * ratio, bbox.top + (2 + row * 12) * ratio);
    }
    ctx.restore();
  }

  const axis = (write, size = 34) => ({
    stroke: () => colour("--faint"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { stroke: () => colour("--line"), width: 1 },
    font: "11px ui-monospace, monospace",
    values: (_, ticks) => ticks.map(tick => tick == null ? "" : write(tick)),
    size,
  });

  function overTime(name, width) {
    const kind = kinds[name];
    const lines = kind.lines.map(([, label, stroke]) => ({
      label,
      stroke: colour(stroke),
      fill: kind.fill ? colour(stroke) + "22" : undefined,
      width: 1.6,
      points: { show: data.time.at.length < 3 },
      value: (_, value) => kind.write(value),
    }));
    return {
      options: {
        width, height: 190,
        cursor: { sync: { key: "time", scales: ["x", null] }, y: false },
        legend: { markers: { width: 2 } },
        scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.12 : 1] } },
        axes: [axis(span), axis(kind.write, 64)],
        series: [{ label: "at", value: (_, value) => span(value) }, ...lines],
        hooks: { drawClear: [plot => drawMarks(plot, data.marks, data.warmup)] },
      },
      figures: [data.time.at, ...kind.lines.map(([line]) => data.time[line])],
    };
  }

  function spread(width) {
    const { from, count: counts, marks } = data.spread;
    const step = from.length > 1 ? from[1] / from[0] : 1.122;
    // Columns stand on the middle of their edges, which on this axis is the geometric mean.
    const middle = from.map(low => low * Math.sqrt(step));
    const bars = uPlot.paths.bars({ size: [0.96, 200], align: 0 });
    return {
      options: {
        width, height: 220,
        cursor: { y: false },
        legend: { markers: { width: 2 } },
        scales: {
          x: { time: false, distr: 3, range: (_, low, high) => [low / step, high * step] },
          y: { range: (_, low, high) => [0, high > 0 ? high * 1.12 : 1] },
        },
        axes: [{ ...axis(span), space: 60 }, axis(count, 64)],
        series: [
          { label: "around", value: (_, value) => span(value) },
          { label: "requests", stroke: colour("--c1"), fill: colour("--c1") + "66", width: 1, paths: bars,
            points: { show: false }, value: (_, value) => count(value) },
        ],
        hooks: { draw: [plot => drawMarks(plot, marks)] },
      },
      figures: [middle, counts],
    };
  }

  const groupOf = name => name === "spread" ? "spread" : "time";
  const inGroup = group => [...drawn].filter(([name]) => groupOf(name) === group).map(([, plot]) => plot);
  const isLog = group => group === "spread";

  // Zooms and moves in the scale's own measure: a share of what is seen.
  function change(group, how) {
    const members = inGroup(group);
    if (members.length === 0) return;
    const all = members[0].data[0];
    const into = value => isLog(group) ? Math.log(value) : value;
    const back = value => isLog(group) ? Math.exp(value) : value;
    const [first, last] = [into(all[0]), into(all[all.length - 1])];
    const { min, max } = members[0].scales.x;
    let low = Math.max(into(min), first), high = Math.min(into(max), last);
    const length = high - low, middle = (low + high) / 2;
    if (how === "in") [low, high] = [middle - length / 4, middle + length / 4];
    if (how === "out") [low, high] = [middle - length, middle + length];
    if (how === "earlier") [low, high] = [low - length / 4, high - length / 4];
    if (how === "later") [low, high] = [low + length / 4, high + length / 4];
    if (how === "all" || high - low >= last - first) [low, high] = [first, last];
    if (low < first) [low, high] = [first, Math.min(last, high + first - low)];
    if (high > last) [low, high] = [Math.max(first, low + high - last), last];
    if (high - low <= (last - first) / 1e5) return;
    for (const plot of members) plot.setScale("x", { min: back(low), max: back(high) });
  }

  const keys = { "+": "in", "=": "in", "-": "out", ArrowLeft: "earlier", ArrowRight: "later", 0: "all" };

  function build(place) {
    const name = place.dataset.plot;
    const old = drawn.get(name);
    const seen = old && { ...old.scales.x };
    if (old) { sync.unsub(old); old.destroy(); }
    const width = Math.max(220, place.clientWidth);
    const { options, figures } = name === "spread" ? spread(width) : overTime(name, width);
    const plot = new uPlot(options, figures, place);
    if (seen) plot.setScale("x", { min: seen.min, max: seen.max });
    if (groupOf(name) === "time") zoomTogether(plot);
    // The names in the legend switch lines on and off: for the keyboard too.
    for (const head of place.querySelectorAll(".u-series:not(:first-child) th")) {
      head.tabIndex = 0;
      head.setAttribute("role", "button");
      head.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        head.click();
      });
    }
    drawn.set(name, plot);
  }

  // Dragging over one plot zooms all that share its time; so does a double click back.
  function zoomTogether(plot) {
    plot.hooks.setScale = [(from, key) => {
      if (key !== "x" || zoomTogether.busy) return;
      zoomTogether.busy = true;
      const { min, max } = from.scales.x;
      for (const other of inGroup("time")) if (other !== from) other.setScale("x", { min, max });
      // Others take the scale in a microtask: what they tell meanwhile is no new zoom.
      queueMicrotask(() => queueMicrotask(() => { zoomTogether.busy = false; }));
    }];
  }

  function drawAll() {
    for (const place of document.querySelectorAll("[data-plot]")) build(place);
  }

  function start() {
    drawAll();
    for (const place of document.querySelectorAll("[data-plot]")) {
      place.tabIndex = 0;
      place.setAttribute("aria-roledescription", "plot; plus and minus zoom, arrows move, 0 shows all");
      place.addEventListener("keydown", event => {
        const how = keys[event.key];
        if (!how || event.target !== place || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        change(groupOf(place.dataset.plot), how);
      });
      new ResizeObserver(() => {
        const plot = drawn.get(place.dataset.plot);
        const width = Math.max(220, place.clientWidth);
        if (plot && Math.abs(plot.width - width) > 1) plot.setSize({ width, height: plot.height });
      }).observe(place);
    }
  }

  return { start, drawAll, change };
})();
