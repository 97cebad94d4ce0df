import { z } from "zod";
import script from "./dependencies-check.py" with { type: "text" };

/** What a Python plugin is judged by; module and class names as in its manifest. */
export interface PythonJob {
  /** By path within the plugin, ending `.py`. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
  readonly modules: readonly string[];
  readonly mainModule: string;
  readonly mainClass: string;
  readonly required: readonly string[];
  readonly soft: readonly string[];
  /** Import names that the runtime itself brings. */
  readonly platform: readonly string[];
}

const name = z.string().max(400);
const found = z.string().max(200).nullable();
const reportSchema = z.object({
  version: z.string().max(40),
  faults: z.array(z.object({ file: z.string(), line: z.int(), message: z.string() })),
  hasMain: z.boolean(),
  /** False where neither packaging nor pip is there to compare versions with. */
  comparesVersions: z.boolean(),
  requirements: z.array(
    z.object({
      name,
      wanted: z.string().max(400),
      found,
      isMet: z.boolean(),
      isRequired: z.boolean(),
      /** Why it is no requirement at all. */
      fault: z.string().nullable(),
    }),
  ),
  /** The names of its commands, as far as they are written there as texts. */
  commands: z.array(name).max(50),
  imports: z.array(z.object({ name, distribution: name.nullable(), found, isRequired: z.boolean() })),
});
export type PythonReport = z.output<typeof reportSchema>;
const answerSchema = z.union([reportSchema, z.object({ version: z.string().max(40) })]);

export type PythonAnswer =
  | { readonly kind: "report"; readonly report: PythonReport }
  /** There is no such interpreter, or it is too old; `reason` completes "Python is not here: ...". */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** The compiler did not survive these sources, or took too long. */
  | { readonly kind: "failed"; readonly reason: string };

const timeLimitMs = 20_000;
const answerLimitBytes = 4_000_000;

/**
 * Has the interpreter judge a plugin's sources, in a child of its own: isolated mode, empty environment, bounded in time, memory
 * and output. No line of the plugin runs. `python` is an absolute path.
 */
export async function askPython(python: string, job: PythonJob): Promise<PythonAnswer> {
  const sources = Object.fromEntries(
    [...job.sources].map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")]),
  );
  const input = Buffer.from(JSON.stringify({ ...job, sources }));
  let child: Bun.Subprocess<Buffer, "pipe", "pipe">;
  try {
    child = Bun.spawn([python, "-I", "-B", "-W", "ignore", "-c", script], {
      cwd: "/",
      env: {},
      stdin: input,
      stdout: "pipe",
      stderr: "pipe",
      timeout: timeLimitMs,
      killSignal: "SIGKILL",
    });
  } catch {
    return { kind: "unavailable", reason: `${python} cannot be started` };
  }
  const stop = () => child.kill("SIGKILL");
  const [out, err, code] = await Promise.all([
    readBounded(child.stdout, stop),
    readBounded(child.stderr, stop),
    child.exited,
  ]);
  const answer = code === 0 ? answerSchema.safeParse(parseJson(out)) : undefined;
  if (answer?.success !== true) {
    const last = err.trim().split("\n").at(-1) ?? "";
    return {
      kind: "failed",
      reason: last === "" ? `it ended with ${child.signalCode ?? `status ${code}`}` : last.slice(0, 200),
    };
  }
  if ("faults" in answer.data) return { kind: "report", report: answer.data };
  return {
    kind: "unavailable",
    reason: `${python} is Python ${answer.data.version}, and 3.11 or newer is needed`,
  };
}

async function readBounded(stream: ReadableStream<Uint8Array>, stop: () => void): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes <= answerLimitBytes) chunks.push(chunk);
    else stop();
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
