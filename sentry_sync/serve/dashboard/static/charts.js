// Draws charts over time with uPlot in place of the pictures that came with the page: it tells the values under the
// pointer. Pictures, their descriptions and their tables stay for whoever does not see it.
"use strict";

(() => {
  const HEIGHT = 240;
  const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [], [7, 3], [2, 2], [9, 3, 2, 3]]; // as the pictures have them
  const drawn = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function written(value, share) {
    if (value == null) return "not known";
    if (share) return `${(100 * value).toLocaleString("en", { maximumFractionDigits: 2 })} %`;
    return value.toLocaleString("en", { maximumSignificantDigits: Math.abs(value) < 100 ? 3 : 21 });
  }

  // Of a series at the place of the pointer; nothing while it points nowhere.
  const pointed = (share, partly = []) => (_plot, value, _series, at) =>
    at == null ? "" : written(value, share) + (partly.includes(at) ? " (in part)" : "");

  function moment(seconds, hourly) {
    const text = new Date(seconds * 1000).toISOString();
    return hourly ? `${text.slice(0, 10)} ${text.slice(11, 16)}` : text.slice(0, 10);
  }

  // Rings over the points of which only a part is known.
  function rings(told) {
    return (plot) => {
      const context = plot.ctx;
      context.save();
      context.fillStyle = colour("--panel");
      context.lineWidth = 1.5 * devicePixelRatio;
      told.lines.forEach((line, at) => {
        context.strokeStyle = colour(`--c${at + 1}`);
        for (const place of line.partly) {
          context.beginPath();
          context.arc(plot.valToPos(told.times[place], "x", true), plot.valToPos(line.values[place], "y", true), 3.5 * devicePixelRatio, 0, 7);
          context.fill();
          context.stroke();
        }
      });
      context.restore();
    };
  }

  function options(told, width) {
    const quiet = colour("--quiet");
    const axis = { stroke: quiet, grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const value = pointed(told.share);
    const series = told.lines.map((line, at) => {
      const stroke = colour(`--c${at + 1}`);
      return { label: line.name, stroke, width: 2, dash: DASHES[at], points: { size: 5, fill: stroke }, value: pointed(told.share, line.partly) };
    });
    const bands = [];
    if (told.band) {
      const edge = (label) => ({ label, width: 0, points: { show: false }, value });
      series.push(edge("at most"), edge("at least"));
      bands.push({ series: [series.length - 1, series.length], fill: `color-mix(in srgb, ${colour("--c2")} 20%, transparent)` });
    }
    return {
      width,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: told.share ? {} : { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] } },
      series: [{ label: "UTC", value: (_, seconds) => (seconds == null ? "" : moment(seconds, told.hourly)) }, ...series],
      bands,
      axes: [{ ...axis, size: 30, space: 70, values: (_, times) => times.map((time) => moment(time, told.hourly).slice(told.hourly ? 11 : 5)) }, { ...axis, size: 64, values: (_, values) => values.map((value) => written(value, told.share)) }],
      cursor: { points: { size: 7 } },
      hooks: { draw: [rings(told)] },
    };
  }

  function draw(figure) {
    const told = JSON.parse(figure.dataset.plot);
    const place = document.createElement("div");
    place.className = "plot";
    // Its values are in the picture's description and in the table, where they can be read.
    place.setAttribute("aria-hidden", "true");
    figure.querySelector("svg.chart").before(place);
    figure.classList.add("plotted");
    const values = [told.times, ...told.lines.map((line) => line.values), ...(told.band ? [told.band.high, told.band.low] : [])];
    const plot = new uPlot(options(told, place.clientWidth), values, place);
    const sized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
    sized.observe(place);
    drawn.set(figure, () => { sized.disconnect(); plot.destroy(); place.remove(); });
  }

  function drawAll() {
    for (const end of drawn.values()) end();
    drawn.clear();
    for (const figure of document.querySelectorAll("figure[data-plot]")) draw(figure);
  }

  drawAll();
  dark.addEventListener("change", drawAll);
  document.addEventListener("renewed", drawAll);
})();
