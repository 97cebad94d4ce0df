import { expect } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";

const root = dirname(dirname(import.meta.dir));
const pictures = join(root, "dist/screenshots");
const axe = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/**
 * Looks at what the page shows now, on a phone and on a desk, light and dark: a picture of each is kept in dist/screenshots, nothing
 * reaches over the side, and axe finds no violation, neither on a phone by day nor on a desk by night.
 */
export async function look(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const seen = `${name}-${width}-${colorScheme}`;
      await page.screenshot({ path: join(pictures, `${seen}.png`), fullPage: true });
      if ((width === 360) === (colorScheme === "light"))
        expect([seen, ...(await violationsIn(page))]).toEqual([seen]);
    }
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect([name, width, Number(overflow) <= 0]).toEqual([name, width, true]);
  }
}

async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run()")) as { readonly violations: readonly Violation[] };
  return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html.slice(0, 200)}`);
}
