// Press and hold: for what must never happen by a slip and must never take a second dialog. Works
// with a finger, a mouse, and the keyboard (hold Space or Enter). Letting go too early does nothing.
import {html, useEffect, useRef, useState} from "../lib/html.js";

const HOLD_MS = 1500;

export function Hold({kind = "", words, hint, isBusy, onDone}) {
  const [isHeld, hold] = useState(false);
  const timer = useRef(0);
  const key = useRef(null);
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
  const up = (event) => event.key === key.current && stop();
  return html`<button type="button" class="hold ${kind} ${isHeld ? "held" : ""}" style=${{"--hold": `${HOLD_MS}ms`}} aria-disabled=${isBusy ? "true" : undefined}
      onPointerDown=${(event) => event.button === 0 && start()} onPointerUp=${stop} onPointerLeave=${stop} onPointerCancel=${stop}
      onKeyDown=${down} onKeyUp=${up} onBlur=${stop} onContextMenu=${(event) => event.preventDefault()}>
    <i aria-hidden="true"></i><span>${isBusy ? "Activating…" : words}<small>${isHeld ? "Keep holding…" : hint}</small></span></button>`;
}
