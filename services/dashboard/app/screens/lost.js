import {Empty, Page} from "../parts/basic.js";
import {html} from "../lib/html.js";
import {HOME} from "../lib/router.js";

export function Screen() {
  return html`<${Page} title="There is no such page"><${Empty} icon="search" title="Nothing is here"
    action=${html`<a class="button primary" href="${HOME}/desk">To the front desk</a>`}>
    <p>The address may be mistyped, or what it showed was deleted.</p></${Empty}></${Page}>`;
}
