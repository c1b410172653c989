// Keys: "g" and a letter goes to a screen, "/" to the search, "u" takes back what was just done, "?" shows them all.
// Never while somebody writes.
import {Dialog} from "./dialog.js";
import {html, useEffect, useState} from "../lib/html.js";
import {HOME, go} from "../lib/router.js";
import {may} from "../lib/session.js";
import {kept} from "../lib/store.js";

const SECOND_KEY_MS = 1500;
// Whoever speaks to a computer, or slips, can turn them off (WCAG 2.1.4): in the account.
export const shortcuts = kept("shortcuts", true);

const isWriting = (node) => node.closest?.("input, textarea, select, [contenteditable]") && node.type !== "checkbox";

export function Shortcuts({links}) {
  const [isShown, show] = useState(false);
  useEffect(() => {
    let went = 0;
    const press = (event) => {
      if (!shortcuts.get() || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || document.querySelector("dialog[open]")) return;
      const link = links.find((one) => one.shortcut === event.key && may(one.role ?? "viewer"));
      if (event.key === "?") show(true);
      else if (event.key === "u") [...document.querySelectorAll(".undo")].at(-1)?.click();
      else if (event.key === "/") {
        const search = document.querySelector("input[type=search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
      } else if (link && event.timeStamp - went < SECOND_KEY_MS) go(HOME + link.path);
      went = event.key === "g" ? event.timeStamp : 0;
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return isShown && html`<${Dialog} title="Keyboard" onClose=${() => show(false)}><div class="dialog-body">
    <dl class="keys">${links.filter((link) => may(link.role ?? "viewer")).map((link) => html`<div key=${link.path}><dt><kbd>g</kbd> <kbd>${link.shortcut}</kbd></dt><dd>${link.name}</dd></div>`)}
      <div><dt><kbd>/</kbd></dt><dd>Search</dd></div><div><dt><kbd>u</kbd></dt><dd>Undo</dd></div><div><dt><kbd>?</kbd></dt><dd>This list</dd></div>
      <div><dt><kbd>Esc</kbd></dt><dd>Close a dialog</dd></div></dl>
    <p class="quiet small">They can be turned off in your <a href="${HOME}/account" onClick=${() => show(false)}>account</a>.</p></div></${Dialog}>`;
}
