// What was just done, said at the edge; with a way back where there is one.
import {Button, Icon} from "./basic.js";
import {Problem} from "../lib/api.js";
import {html, useEffect, useRef} from "../lib/html.js";
import {store} from "../lib/store.js";

const SHOWN_MS = 6000;
const list = store([]);
let last = 0;

const drop = (id) => list.set(list.get().filter((one) => one.id !== id));

// undo(): takes it back; its own failure is told. The key "u" takes back what was done last.
export function toast(text, {kind = "good", undo} = {}) {
  const id = ++last;
  list.set([...list.get().slice(-2), {id, text, kind, undo}]);
}

// Of what it is, in front, where that is not plain.
export function tell(problem, what = null) {
  if (!(problem instanceof Problem)) throw problem;
  toast(what ? html`${what} ${problem.message}` : problem.message, {kind: "bad"});
}

function Toast({one}) {
  const box = useRef(null);
  useEffect(() => {
    // Not while somebody is at it.
    const timer = setInterval(() => box.current.matches(":hover, :focus-within") || drop(one.id), one.undo ? 2 * SHOWN_MS : SHOWN_MS);
    return () => clearInterval(timer);
  }, []);
  const back = async () => {
    drop(one.id);
    try {
      await one.undo();
    } catch (problem) {
      tell(problem);
    }
  };
  return html`<div ref=${box} class="toast ${one.kind}"><${Icon} name=${one.kind === "bad" ? "warn" : "check"} /><span>${one.text}</span>
    ${one.undo && html`<${Button} kind="small undo" onClick=${back}>Undo</${Button}>`}
    <button type="button" class="button icon-only plain" aria-label="Dismiss" onClick=${() => drop(one.id)}><${Icon} name="cross" /></button></div>`;
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${list.use().map((one) => html`<${Toast} key=${one.id} one=${one} />`)}</div>`;
}
