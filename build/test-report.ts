export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts what `bun test` prints, and prints in full the stretches in which something failed. Files run side by side, so
 * theirs alternate; each begins with a line that names the file.
 */
export class TestReport {
  totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  file = "none yet";
  #stretch: string[] = [];
  #isOver = false;

  add(line: string): void {
    const { passed, failed, skipped } = this.totals;
    const [, file] = /^(\S+\.test\.ts):$/.exec(line) ?? [];
    const [, failedInAll] = /^\s*(\d+) fail$/.exec(line) ?? [];
    if (/^\d+ tests? (skipped|failed):$/.test(line)) this.#isOver = true;
    if (file !== undefined) {
      this.close();
      this.file = file;
    } else if (failedInAll !== undefined) {
      // Bun's own sum counts the files that could not be loaded, too.
      this.totals = { passed, failed: Number(failedInAll), skipped };
    } else if (this.#isOver) {
      // Bun repeats what was skipped and what failed.
      return;
    } else if (line.startsWith("(pass) ")) {
      this.totals = { passed: passed + 1, failed, skipped };
    } else if (line.startsWith("(skip) ") && !line.endsWith("(unnamed)")) {
      // Bun reports the hooks of a skipped group too, as tests without a name.
      this.totals = { passed, failed, skipped: skipped + 1 };
      console.log(`  skipped: ${line.slice("(skip) ".length)}`);
    } else if (/^(skipped|preparing): /.test(line)) {
      console.log(`  ${line}`);
    }
    this.#stretch.push(line);
  }

  close(): void {
    if (this.#stretch.some((line) => /^\(fail\) |^error: |^# Unhandled/.test(line))) {
      console.log(this.#stretch.join("\n"));
    }
    this.#stretch = [];
  }
}
