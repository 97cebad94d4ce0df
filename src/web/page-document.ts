import { bundlePage } from "./page-bundle.ts" with { type: "macro" };

const { html, scriptHash, styleHash } = bundlePage();

/** Only this page's own script and style run, whatever gets into it. */
export const pagePolicy = `default-src 'none'; script-src '${scriptHash}'; style-src '${styleHash}'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page with what it shows first inside, as JSON that no browser runs. */
export function pageDocument(json: string): string {
  return html.replace('id="data"></script>', () => `id="data">${json.replaceAll("<", "\\u003c")}</script>`);
}
