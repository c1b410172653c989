// Lines over hours (uPlot draws), and the same numbers as a table for whoever can't see them.
import uPlot from "uplot";
import {html, useEffect, useRef, useState} from "../lib/html.js";
import {clock, ownZone} from "../lib/time.js";

const HEIGHT = 200;

// A custom property as the browser resolves it (light-dark and all).
function resolved(box, name) {
  box.style.color = `var(--${name})`;
  const found = getComputedStyle(box).color;
  box.style.color = "";
  return found;
}

function optionsOf(box, width, series, data) {
  const ink = resolved(box, "quiet");
  const line = resolved(box, "line");
  const axis = {stroke: ink, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}, font: `12px ${getComputedStyle(box).fontFamily}`};
  return {
    width, height: HEIGHT, legend: {show: false}, cursor: {points: {size: 6}, drag: {x: false, y: false}},
    scales: {y: {range: (_, low, high) => [0, Math.max(1, high * 1.1)]}},
    axes: [{...axis, values: (_, times) => times.map((at) => clock(at * 1000, ownZone))}, {...axis, size: 44}],
    // A number alone makes no line.
    series: [{}, ...series.map(([, label, name], at) => ({label, stroke: resolved(box, name), width: 2, spanGaps: true,
      points: {show: data[at + 1].filter((one) => one !== null).length === 1, size: 7, fill: resolved(box, name)}}))],
  };
}

export function Chart({label, hours, series}) {
  const box = useRef(null);
  const [at, setAt] = useState(null);
  useEffect(() => {
    const data = [hours.map((hour) => new Date(hour.at) / 1000), ...series.map(([name]) => hours.map((hour) => hour[name] ?? null))];
    const node = box.current; // Gone from `box` before we are told.
    let drawn = null;
    const draw = () => {
      drawn?.destroy();
      const options = optionsOf(node, node.clientWidth, series, data);
      options.hooks = {setCursor: [(plot) => setAt(plot.cursor.idx ?? null)]};
      drawn = new uPlot(options, data, node);
    };
    draw();
    const look = new ResizeObserver(() => node.clientWidth > 0 && node.clientWidth !== drawn.width && draw());
    look.observe(node);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, {attributeFilter: ["data-theme"]});
    dark.addEventListener("change", draw);
    return () => {
      look.disconnect();
      theme.disconnect();
      dark.removeEventListener("change", draw);
      drawn.destroy();
    };
  }, [hours]);
  const shown = hours[at ?? hours.length - 1];
  return html`<div class="card-body"><ul class="chart-key">${series.map(([name, words, tone]) => html`<li key=${name}><i style=${{background: `var(--${tone})`}}></i>${words} <strong class="number">${shown?.[name] === null || shown?.[name] === undefined ? "–" : Math.round(shown[name])}</strong></li>`)}
      <li>${shown && clock(shown.at, ownZone)}</li></ul><div ref=${box} aria-hidden="true"></div>
    <details class="small"><summary>As a table</summary><div class="code"><table><caption class="hidden">${label}</caption><thead><tr><th>Hour</th>${series.map(([name, words]) => html`<th key=${name}>${words}</th>`)}</tr></thead>
      <tbody>${hours.map((hour) => html`<tr key=${hour.at}><td>${clock(hour.at, ownZone)}</td>${series.map(([name]) => html`<td key=${name} class="number">${hour[name] === null ? "–" : Math.round(hour[name])}</td>`)}</tr>`)}</tbody></table></div></details></div>`;
}
