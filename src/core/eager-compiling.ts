/**
 * Bun compiles a function once it has run some five hundred times: a bot's first hundreds of answers would be interpreted, and take half
 * as long again. With these options, which Bun reads from the environment as a process begins, it compiles ten times as soon, and
 * optimises fully six times as soon.
 */
export const eagerCompiling: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForJITAfterWarmUp: "50",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "100",
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "10000",
  BUN_JSC_dfgThresholdScaleForFewPerformanceCores: "1",
  BUN_JSC_ftlThresholdScaleForFewPerformanceCores: "1",
};

/**
 * Begins this process anew with those options: the same process to whoever started it, 5 ms later. Returns where it has them already, or
 * where the system does not let it: bots run without them too.
 */
export function compileEagerly(): void {
  const isEager = Object.keys(eagerCompiling).every((name) => process.env[name] !== undefined);
  const isExecutable = Bun.main.startsWith("/$bunfs/");
  if (isEager || !isExecutable) return;
  const [, , ...words] = process.argv;
  try {
    process.execve?.(process.execPath, [process.argv0, ...words], { ...process.env, ...eagerCompiling });
  } catch {
    // Such as an executable that was replaced while it began.
  }
}

/** What a start runs, it runs once: compiling that soon would take time and memory for nothing. Of this thread, until `startedUp`. */
export function startingUp(): void {
  Bun.unsafe.setJITPolicy(10);
}

export function startedUp(): void {
  Bun.unsafe.setJITPolicy(1);
}
