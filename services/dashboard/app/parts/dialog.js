// Dialogs are the browser's own: it keeps the focus inside, takes Escape, and gives the focus back.
import {Button, Fault, Icon} from "./basic.js";
import {html, useEffect, useId, useRef} from "../lib/html.js";
import {useAction} from "../lib/load.js";
import {store} from "../lib/store.js";

// A dialog that stands above every screen: it outlives the one that asked for it.
export const above = store(null);

// isFixed: it can't be closed now, as what it shows or waits for would be lost.
export function Dialog({title, onClose, children, isWide = false, isFixed = false}) {
  const box = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => {
      if (before?.isConnected) before.focus();
      else document.querySelector("#main h1")?.focus(); // What was pressed is gone with its row.
    };
  }, []);
  useEffect(() => {
    if (!isFixed) return undefined;
    // Escape is taken wherever the focus is, before the browser sees it; of two dialogs the upper one is meant.
    const press = (event) => {
      if (event.key === "Escape" && [...document.querySelectorAll("dialog[open]")].at(-1) === box.current) event.preventDefault();
    };
    addEventListener("keydown", press, true);
    return () => removeEventListener("keydown", press, true);
  }, [isFixed]);
  const cancel = (event) => {
    event.preventDefault();
    if (!isFixed) onClose();
  };
  // The browser asks (`cancel`) only once for each time that the page was touched; a second Escape, or a phone's
  // gesture back, closes all the same.
  const closed = () => {
    if (isFixed) box.current.showModal();
    else onClose();
  };
  return html`<dialog ref=${box} class=${isWide ? "wide" : ""} aria-labelledby=${id} onCancel=${cancel} onClose=${closed}
      onMouseDown=${(event) => event.target === box.current && !isFixed && !box.current.querySelector("form") && onClose()}>
    <div class="dialog-box"><header class="dialog-head"><h2 id=${id}>${title}</h2>
      ${!isFixed && html`<button type="button" class="button icon-only plain" aria-label="Close" onClick=${onClose}><${Icon} name="cross" /></button>`}
      </header>${children}</div></dialog>`;
}

// A question before something that can't be taken back. `work(intent)` does it.
export function Ask({title, children, yes, kind = "danger", onClose, work}) {
  const action = useAction(work);
  const go = async () => {
    if (await action.run() !== undefined) onClose(true);
  };
  return html`<${Dialog} title=${title} onClose=${() => onClose(false)}>
    <div class="dialog-body">${children}<${Fault} problem=${action.problem} /></div>
    <footer class="dialog-foot"><${Button} onClick=${() => onClose(false)}>Cancel</${Button}>
      <${Button} kind=${kind} isBusy=${action.isBusy} onClick=${go}>${yes}</${Button}></footer></${Dialog}>`;
}
