/** Runs a program to its end, with an empty environment unless `env` says otherwise. */
export async function run(
  command: readonly string[],
  { cwd = process.cwd(), stdin = "", env = {} }: RunOptions = {},
): Promise<{ out: string; err: string; code: number }> {
  const child = Bun.spawn([...command], {
    cwd,
    env,
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

export interface RunOptions {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}
