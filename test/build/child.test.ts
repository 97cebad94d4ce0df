import { expect, test } from "bun:test";
import { join } from "node:path";

const module = join(import.meta.dir, "../../build/child.mjs");

/** Node that becomes Bun running this code, as `npm start` becomes Roost. */
function become(code: string) {
  const args = JSON.stringify([process.execPath, ["-e", code]]).slice(1, -1);
  const program = `import { become } from ${JSON.stringify(module)}; become(${args});`;
  return Bun.spawn(["node", "--input-type=module", "-e", program], { stdout: "pipe", stderr: "pipe" });
}

test("the program's exit code becomes ours", async () => {
  expect(await become("process.exit(7)").exited).toBe(7);
});

test("a signal reaches the program once, and its own way of ending is ours", async () => {
  const child = become(
    "process.on('SIGTERM', () => { console.log('asked to stop'); setTimeout(() => process.exit(3), 50); }); setInterval(() => {}, 1000); console.log('up');",
  );
  const output = child.stdout.getReader();
  const read = async () => new TextDecoder().decode((await output.read()).value);
  expect(await read()).toBe("up\n");
  child.kill("SIGTERM");
  expect(await read()).toBe("asked to stop\n");
  expect(await child.exited).toBe(3);
  expect(await read()).toBe("");
});

test("a program that dies of a signal makes us die of it", async () => {
  const child = become("process.kill(process.pid, 'SIGKILL')");
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});
