// A QR code, drawn as one path.
import {encode} from "uqr";
import {html, useMemo} from "../lib/html.js";

export function Qr({text, label}) {
  const {size, path} = useMemo(() => {
    const {size: side, data} = encode(text, {ecc: "M", border: 2});
    const rows = data.map((row, y) => row.map((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : "").join("")).join("");
    return {size: side, path: rows};
  }, [text]);
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${label} shape-rendering="crispEdges"><path d=${path} /></svg>`;
}
