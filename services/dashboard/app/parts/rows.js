// The rows of a list that may grow to thousands: what is far from what is seen is a gap of the same height, so that
// the page stays quick. Short lists are there whole.
import {html, useEffect, useLayoutEffect, useRef, useState} from "../lib/html.js";

const CHUNK = 20; // Rows that come and go together.
const WHOLE_MAX = 100;
const ROW_PX = 64; // Until a chunk was seen.

const heightsOf = (heights, from, to) => {
  let sum = 0;
  for (let at = from; at < to; at++) sum += heights[at] ?? CHUNK * ROW_PX;
  return sum;
};

// The chunks within a screen of what is seen: [first, behind the last].
function nearby(heights, count, top) {
  const screen = innerHeight;
  let [at, y] = [0, top];
  const heightOf = (chunk) => heights[chunk] ?? CHUNK * ROW_PX;
  while (at < count - 1 && y + heightOf(at) < -screen) y += heightOf(at++);
  const first = at;
  while (at < count && y < 2 * screen) y += heightOf(at++);
  return [first, Math.max(at, first + 1)];
}

const Gap = ({px, isTable}) => px > 0 && (isTable ? html`<tr aria-hidden="true" class="gap"><td colspan="99" style=${{blockSize: `${px}px`}}></td></tr>`
  : html`<li aria-hidden="true" class="gap" style=${{blockSize: `${px}px`}}></li>`);

// The first children of a list (ul) or of a table's body: `row(one)` makes each.
export function Rows({rows, row, isTable = false, ...rest}) {
  const box = useRef(null);
  const heights = useRef([]);
  const [[first, last], show] = useState([0, 1]);
  const count = Math.ceil(rows.length / CHUNK);
  const isLong = rows.length > WHOLE_MAX;
  useEffect(() => {
    if (!isLong) return undefined;
    let frame = 0;
    const look = () => {
      frame = 0;
      const next = nearby(heights.current, count, box.current.getBoundingClientRect().top);
      show((old) => old[0] === next[0] && old[1] === next[1] ? old : next);
    };
    const soon = () => { frame ||= requestAnimationFrame(look); };
    look();
    addEventListener("scroll", soon, {passive: true});
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [isLong, count]);
  useLayoutEffect(() => {
    if (!isLong) return;
    const shown = [...box.current.children].filter((node) => !node.classList.contains("gap"));
    const edges = shown.filter((_, at) => at % CHUNK === 0).map((node) => node.getBoundingClientRect().top);
    edges.push(shown.at(-1)?.getBoundingClientRect().bottom);
    for (let at = 0; at + 1 < edges.length; at++) heights.current[first + at] = edges[at + 1] - edges[at];
  });
  const [from, to] = isLong ? [Math.min(first, count - 1), Math.min(last, count)] : [0, count];
  const inside = html`<${Gap} px=${isLong && heightsOf(heights.current, 0, from)} isTable=${isTable} />${rows.slice(from * CHUNK, to * CHUNK).map(row)}
    <${Gap} px=${isLong && heightsOf(heights.current, to, count)} isTable=${isTable} />`;
  return isTable ? html`<tbody ref=${box}>${inside}</tbody>` : html`<ul ref=${box} ...${rest}>${inside}</ul>`;
}
