// Press and hold: for what must never happen by a slip and must never take a second dialog. Works
// with a finger, a mouse, and the keyboard (hold Space or Enter). Letting go too early does nothing.
// Who can't hold anything (a voice, a switch, a screen reader's own click) is asked once more instead.
import {Ask} from "./dialog.js";
import {html, useEffect, useRef, useState} from "../lib/html.js";

const HOLD_MS = 1500;

export function Hold({kind = "", words, hint, isBusy, onDone}) {
  const [isHeld, hold] = useState(false);
  const timer = useRef(0);
  const key = useRef(null);
  const [isAsking, ask] = useState(false);
  const stop = () => {
    clearTimeout(timer.current);
    key.current = null;
    hold(false);
  };
  const start = () => {
    if (isBusy) return;
    clearTimeout(timer.current);
    hold(true);
    timer.current = setTimeout(() => {
      stop();
      onDone();
    }, HOLD_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const down = (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (event.repeat || key.current) return;
    key.current = event.key;
    start();
  };
  const up = (event) => {
    if (event.key === " ") event.preventDefault(); // Else it would be a click.
    if (event.key === key.current) stop();
  };
  const click = (event) => {
    const isNobodys = event.pointerType === undefined ? event.detail === 0 : event.pointerType === ""; // Not every browser says.
    if (isNobodys && !isBusy) ask(true); // Nobody's finger: an assistant's.
  };
  return html`<button type="button" class="hold ${kind} ${isHeld ? "held" : ""}" style=${{"--hold": `${HOLD_MS}ms`}} aria-disabled=${isBusy ? "true" : undefined}
      onPointerDown=${(event) => event.button === 0 && start()} onPointerUp=${stop} onPointerLeave=${stop} onPointerCancel=${stop}
      onKeyDown=${down} onKeyUp=${up} onBlur=${stop} onClick=${click} onContextMenu=${(event) => event.preventDefault()}>
    <i aria-hidden="true"></i><span>${isBusy ? "Activating…" : words}<small>${isHeld ? "Keep holding…" : hint}</small></span></button>
    ${isAsking && html`<${Ask} title="${words}?" yes=${words} onClose=${() => ask(false)} work=${async () => { onDone(); }}><p>It begins at once, and everybody is told.</p></${Ask}>`}`;
}
