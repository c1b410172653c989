// The rows of a list that may grow to thousands: what is far from what is seen is a gap of the same height, so that
// the page stays quick. Short lists are there whole.
//
// A frame does little: it reads the layout once, at its beginning, when the browser has it anyway, and makes the rows
// that are seen; those around come later, a few in each frame. A row that was made is not made again.
import {html, useEffect, useMemo, useRef, useState} from "../lib/html.js";

const CHUNK = 5; // Rows that come and go together.
const FIRST_CHUNKS = 4; // Until one has looked.
const WHOLE_MAX = 100;
const ROW_PX = 64; // Until one has looked.

// heights: {known: […of each chunk that was shown], guess: of the others}.
const heightOf = (heights, chunk) => heights.known[chunk] ?? heights.guess;
const heightsOf = (heights, from, to) => {
  let sum = 0;
  for (let at = from; at < to; at++) sum += heightOf(heights, at);
  return sum;
};

// The chunks within `margin` of what is seen: [first, behind the last].
function nearby(heights, count, top, margin) {
  let [at, y] = [0, top];
  while (at < count - 1 && y + heightOf(heights, at) < -margin) y += heightOf(heights, at++);
  const first = at;
  while (at < count && y < innerHeight + margin) y += heightOf(heights, at++);
  return [first, Math.max(at, first + 1)];
}

// What the next frame shows: all that is seen, what is there and near, and one chunk more.
function step([first, last], seen, near) {
  let [from, to] = seen;
  if (first <= to && last >= from) [from, to] = [Math.min(from, Math.max(first, near[0])), Math.max(to, Math.min(last, near[1]))];
  if (to < near[1]) to++;
  else if (from > near[0]) from--;
  return [from, to];
}

// How tall the chunks that are shown came out, from `first` on. Of the others the first ones tell, once: what is above
// must not change its height by a new guess while one scrolls.
function measure(box, heights, first) {
  const shown = [...box.children].filter((node) => !node.classList.contains("gap"));
  if (shown.length === 0) return;
  const edges = shown.filter((_, at) => at % CHUNK === 0).map((node) => node.getBoundingClientRect().top);
  edges.push(shown.at(-1).getBoundingClientRect().bottom);
  if (heights.known.length === 0) heights.guess = (edges.at(-1) - edges[0]) / shown.length * CHUNK;
  for (let at = 0; at + 1 < edges.length; at++) heights.known[first + at] = edges[at + 1] - edges[at];
}

const Gap = ({px, isTable}) => px > 0 && (isTable ? html`<tr aria-hidden="true" class="gap"><td colspan="99" style=${{blockSize: `${px}px`}}></td></tr>`
  : html`<li aria-hidden="true" class="gap" style=${{blockSize: `${px}px`}}></li>`);

// The first children of a list (ul) or of a table's body: `row(one)` makes each.
export function Rows({rows, row, isTable = false, ...rest}) {
  const box = useRef(null);
  const heights = useRef({known: [], guess: CHUNK * ROW_PX});
  const shown = useRef(null);
  const [range, show] = useState([0, FIRST_CHUNKS]);
  const made = useMemo(() => new WeakMap(), [row]);
  const count = Math.ceil(rows.length / CHUNK);
  const isLong = rows.length > WHOLE_MAX;
  const [from, to] = isLong ? [Math.min(range[0], count - 1), Math.min(range[1], count)] : [0, count];
  shown.current = [from, to];
  useEffect(() => {
    if (!isLong) return undefined;
    let frame = 0;
    const look = () => {
      frame = 0;
      const old = shown.current;
      measure(box.current, heights.current, old[0]);
      const {top} = box.current.getBoundingClientRect();
      const near = nearby(heights.current, count, top, innerHeight);
      const next = step(old, nearby(heights.current, count, top, 0), near);
      if (old[0] === next[0] && old[1] === next[1]) return;
      show(next);
      soon(); // There may be more to come.
    };
    const soon = () => { frame ||= requestAnimationFrame(look); };
    soon();
    addEventListener("scroll", soon, {passive: true});
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [isLong, count]);
  // Who pressed a button of a row that is gone now stays in the list, and not at the page's beginning.
  const focused = useRef(null);
  const hold = (event) => { focused.current = event.target; };
  useEffect(() => {
    if (!focused.current || focused.current.isConnected || document.activeElement !== document.body) return;
    focused.current = null;
    (box.current.querySelector("button, a") ?? document.querySelector("#main h1"))?.focus({preventScroll: true});
  }, [rows]);
  const make = (one) => {
    if (!made.has(one)) made.set(one, row(one));
    return made.get(one);
  };
  const inside = html`<${Gap} px=${isLong && heightsOf(heights.current, 0, from)} isTable=${isTable} />${rows.slice(from * CHUNK, to * CHUNK).map(make)}
    <${Gap} px=${isLong && heightsOf(heights.current, to, count)} isTable=${isTable} />`;
  return isTable ? html`<tbody ref=${box} onFocusIn=${hold}>${inside}</tbody>`
    : html`<ul ref=${box} ...${rest} onFocusIn=${hold}>${inside}</ul>`;
}
