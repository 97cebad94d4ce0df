import { html } from "hono/html";
import { bundlePage } from "./page-bundle.ts" with { type: "macro" };
import type { FirstAnswer } from "./roost/contract.ts";

const page = bundlePage();
const bird = /d='(.*?)'/.exec(page.html)?.[1] ?? "";
const scripts = page.scriptHashes.map((hash) => `'${hash}'`).join(" ");

/** Only this page's own scripts and style run, whatever gets into it. */
export const pagePolicy = `default-src 'none'; script-src ${scripts}; style-src '${page.styleHash}'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * The page with what it shows first inside: how it all stands as HTML, which is painted before the script runs, and all that the
 * script shows then as JSON that no browser runs.
 */
export function pageDocument(answer: FirstAnswer, cutSecrets: (text: string) => string): string {
  const json = cutSecrets(JSON.stringify(answer)).replaceAll("<", "\\u003c");
  return page.html
    .replace("<!-- first frame -->", () => firstFrame(answer, cutSecrets))
    .replace('id="data"></script>', () => `id="data">${json}</script>`);
}

/** The header and the banner, as the page draws them too: nothing moves when it does. */
function firstFrame({ session, health }: FirstAnswer, cutSecrets: (text: string) => string): string {
  const views = ["Bots", "Logs", "Plugins", "Config"];
  const isStranger = session.user === null;
  const links = views.map((name) => html`<a data-name="${name}">${name}</a>`);
  const leave = html` · ${session.user} <button type="button" class="link">Log out</button>`;
  return html`<header>
    <h1 class="brand"><a><svg viewBox="0 2 24 20" aria-hidden="true"><path d="${bird}"/></svg>Roost</a></h1>
    ${isStranger ? "" : html`<nav aria-label="Views">${links}</nav>`}
    <p class="soft about">Version ${health.version}${isStranger ? "" : leave}</p>
  </header>
  <main id="main">
    <section class="overall" data-status="${health.status}">
      <i class="dot"></i>
      <div>
        <p class="sentence">${cutSecrets(health.notes[0])}</p>
        ${isStranger ? "" : html`<p class="soft">&nbsp;</p>`}
      </div>
    </section>
  </main>`.toString();
}
