/** What a program said before it ended, was stopped or had said too much. */
export interface Output {
  readonly out: string;
  readonly err: string;
  readonly ending: "exited" | "timed-out" | "too-much" | "cancelled";
}

export interface Limits {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Runs a program in a process group of its own and leaves nothing of that group behind. Throws when it cannot be started. */
export async function runChild(command: readonly string[], limits: Limits): Promise<Output> {
  let ending: Output["ending"] = "exited";
  const child = Bun.spawn([...command], {
    cwd: limits.cwd,
    env: { ...limits.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const end = (reason: Output["ending"]) => {
    if (ending === "exited") ending = reason;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
  };
  const cancel = () => end("cancelled");
  const timer = setTimeout(() => end("timed-out"), limits.timeoutMs);
  limits.signal.addEventListener("abort", cancel);
  if (limits.signal.aborted) cancel();
  // What it started itself may outlive it and hold its output open.
  const exited = child.exited.then(() => end(ending));
  try {
    const [out, err] = await Promise.all([
      readBounded(child.stdout, limits.maxBytes, () => end("too-much")),
      readBounded(child.stderr, limits.maxBytes, () => end("too-much")),
      exited,
    ]);
    return { out, err, ending };
  } finally {
    clearTimeout(timer);
    limits.signal.removeEventListener("abort", cancel);
  }
}

async function readBounded(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  stop: () => void,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes <= maxBytes) chunks.push(chunk);
    else stop();
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
