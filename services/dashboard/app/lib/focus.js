// Who pressed what is gone now stays beside it, and is not thrown to the page's beginning.
const NEAR = "button:enabled, a, select, h1"; // No text field: a phone would open its keyboard.

export function startFocus() {
  let above = []; // What had the focus last, and all around it, inside out.
  addEventListener("focusin", ({target}) => {
    for (above = []; target; target = target.parentElement) above.push(target);
  });
  new MutationObserver(() => {
    if (document.activeElement !== document.body || (above[0]?.isConnected ?? true)) return;
    const near = above.find((one) => one.isConnected && one.querySelector(NEAR));
    above = [];
    if (near?.querySelector(":scope > .gap")) return; // Scrolled out of a long list, which looks after itself.
    (near?.closest("#main, dialog") ? near : document.querySelector("#main"))?.querySelector(NEAR)?.focus({preventScroll: true});
  }).observe(document.body, {childList: true, subtree: true});
}
