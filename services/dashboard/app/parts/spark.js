// A row of numbers as small bars: 24 hours of calls.
import {html} from "../lib/html.js";

export function Spark({values, label}) {
  const top = Math.max(1, ...values);
  const width = 4;
  return html`<svg class="spark" viewBox="0 0 ${values.length * width} 24" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${values.map((value, at) => {
      const height = value === 0 ? 1 : Math.max(2, value / top * 24);
      return html`<rect key=${at} class=${value === 0 ? "none" : ""} x=${at * width} y=${24 - height} width=${width - 1} height=${height} rx="0.5" />`;
    })}</svg>`;
}
