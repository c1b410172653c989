// The start: who is signed in, then the shell.
import {Shell} from "./shell.js";
import {html, render} from "./lib/html.js";
import {startRouter} from "./lib/router.js";
import {readSession} from "./lib/session.js";

startRouter();
render(html`<${Shell} />`, document.getElementById("app"));
readSession().catch(() => {}); // The shell's banner says that Porter is away, and tries again.
