/** What a command may touch of the world it was started in. Only `main.ts` makes one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly version: string;
  /** The command that starts this program once more. */
  readonly self: readonly [string, ...string[]];
  /** A line of data for stdout. */
  out(line: string): void;
  /** A line for people on stderr. */
  err(line: string): void;
  /** Writes the moving line of a terminal anew; undefined where stderr is none. */
  readonly draw: ((text: string) => void) | undefined;
  /**
   * Resolves when somebody asks the process to stop (SIGTERM, SIGINT, a terminal that hangs up). From this call on they no longer
   * end it by themselves; only one that comes more than a second after the first does.
   */
  stopRequested(): Promise<void>;
}

/** Exit codes, as docs/operating.md lists them. */
export const exitCode = { fine: 0, problem: 1, usage: 2, dataDirInUse: 75, config: 78 } as const;

/** The config file to use: named on the command line, else by the environment, else the system's. */
export function configFileOf(named: string | undefined, { env }: Terminal): string {
  return named ?? env.ROOST_CONFIG ?? "/etc/roost/config.yaml";
}
