import { RoostError, sentenceOf } from "../../core/error.ts";
import type { InstanceId } from "../../core/id.ts";
import type { Logger } from "../../core/log.ts";
import type { Actor } from "../../core/management.ts";
import type { PluginInfo } from "../../core/plugin-info.ts";
import type { Observed } from "../../core/status.ts";
import type { Addition } from "../../plugins/catalog/catalog.ts";
import type { KnownPlugins } from "../known-plugins.ts";
import type { Audit } from "./audit.ts";
import type { Turns } from "./turns.ts";

export interface ManagedPluginsOptions {
  readonly plugins: KnownPlugins;
  /** The instances that use each plugin, those that cannot run among them. */
  readonly users: () => ReadonlyMap<string, readonly InstanceId[]>;
  readonly observed: (id: InstanceId) => Observed | undefined;
  /** Takes up what is on disk now. */
  readonly restart: (id: InstanceId) => Promise<unknown>;
  readonly turns: Turns;
  readonly audit: Audit;
  readonly log: Logger;
  readonly startLimitMs?: number;
}

const lookEveryMs = 100;

/** What people do to plugins: another version is tried on the instances that use it, and gives way if they don't come up. */
export class ManagedPlugins {
  readonly #options: ManagedPluginsOptions;

  constructor(options: ManagedPluginsOptions) {
    this.#options = options;
  }

  list(): readonly PluginInfo[] {
    const users = this.#options.users();
    return this.#options.plugins.list().map((info) => ({ ...info, instances: users.get(info.id) ?? [] }));
  }

  add(
    file: string,
    {
      replace,
      agree,
      expectedId,
    }: { readonly replace: boolean; readonly agree?: boolean; readonly expectedId?: string | undefined },
    actor: Actor,
  ): Promise<{ readonly plugin: PluginInfo; readonly isNew: boolean; readonly warnings: readonly string[] }> {
    const { turns, audit } = this.#options;
    return turns.take(["plugins"], async () => {
      const options = {
        replace,
        allowMissing: true,
        ...(expectedId === undefined ? {} : { id: expectedId }),
      };
      const addition = await this.#options.plugins.catalog().add(Bun.file(file).stream(), options);
      const { entry, previous } = addition;
      const { id, version } = entry.info;
      if (agree) this.#options.plugins.agree(id);
      const refusal = await this.#swap(addition);
      if (refusal !== undefined) {
        audit(actor, `The plugin ${id} was to be replaced by version ${version}, which did not start.`);
        throw new RoostError("plugin-refused", refusal);
      }
      audit(
        actor,
        `The plugin ${id} ${version} was ${previous === undefined ? "added" : `put in the place of ${previous.info.version}`}.`,
      );
      const plugin = this.#get(id);
      const obstacles = [plugin.obstacle, this.#options.plugins.disagreementOf(entry)];
      const warnings = [...entry.warnings, ...obstacles.filter((sentence) => sentence !== undefined)];
      return { plugin, isNew: previous === undefined, warnings };
    });
  }

  /** Takes up what was dropped into the plugins folder, changed or removed there. Never fails. */
  lookAtFolder(): Promise<void> {
    const { turns, plugins, log } = this.#options;
    return turns.take(["plugins"], async () => {
      for (const addition of await plugins.catalog().look((id) => this.#isUsed(id))) {
        const { path, info } = addition.entry;
        const refusal = await this.#swap(addition);
        if (refusal === undefined) log.info(`The plugin ${info.id} ${info.version} was found in ${path}.`);
        else log.warn(`${path} is in plugins/trash: ${refusal} Mend it and drop it again.`);
      }
    });
  }

  /** Looks again for what Python plugins lacked, and starts what failed; answers what came of it, as sentences. */
  lookForMissing(): Promise<readonly string[]> {
    const { turns, plugins, observed, restart } = this.#options;
    return turns.take(["plugins"], async () => {
      await plugins.catalog().inspectAgain();
      const sentences: string[] = [];
      for (const { id, language, obstacle } of plugins.list()) {
        if (language !== "python") continue;
        if (obstacle !== undefined) sentences.push(`${id} cannot run: ${obstacle}`);
        else
          for (const instance of this.#usersOf(id))
            if (observed(instance)?.state === "failed")
              sentences.push(await restart(instance).then(String, sentenceOf));
      }
      return sentences;
    });
  }

  remove(id: string, actor: Actor): Promise<void> {
    const { turns, audit } = this.#options;
    return turns.take(["plugins"], async () => {
      this.#requireUploaded(id);
      const users = this.#usersOf(id);
      if (users.length > 0) {
        const sentence = `${id} is used by ${users.join(", ")}: delete ${users.length === 1 ? "it" : "them"} first.`;
        throw new RoostError("conflict", sentence);
      }
      await this.#options.plugins.catalog().remove(id);
      audit(actor, `The plugin ${id} was removed. Its file is in plugins/trash.`);
    });
  }

  agree(id: string, actor: Actor): Promise<string> {
    const { turns, audit, plugins } = this.#options;
    return turns.take(["plugins"], async () => {
      this.#requireUploaded(id);
      plugins.agree(id);
      audit(actor, `The permissions that the plugin ${id} asks for were agreed to.`);
      await this.#restartAll(id);
      return `${id} may do what it asks for.`;
    });
  }

  reload(id: string, actor: Actor): Promise<void> {
    const { turns, audit } = this.#options;
    return turns.take(["plugins"], async () => {
      this.#requireUploaded(id);
      const catalog = this.#options.plugins.catalog();
      await catalog.look((each) => this.#isUsed(each), { atOnce: true });
      audit(actor, `The plugin ${id} was read again.`);
      const { file } = this.#get(id);
      const problem = catalog.problems().find((each) => each.file === file);
      if (problem !== undefined) throw new RoostError("plugin-refused", problem.sentence);
      await this.#restartAll(id);
    });
  }

  /** Has its instances run it; if one does not come up the version before is put back, and the answer is why. */
  async #swap({ entry, previous, rollBack }: Addition): Promise<string | undefined> {
    const { id, version } = entry.info;
    const failure = await this.#tryOn(id);
    if (failure === undefined || previous === undefined) return undefined;
    await rollBack();
    await this.#restartAll(id);
    return `${id} ${version} was not taken: ${failure} Version ${previous.info.version} runs again.`;
  }

  /** Restarts its instances one by one; answers why one that ran does not any more, and leaves the rest alone then. */
  async #tryOn(id: string): Promise<string | undefined> {
    const { observed, restart } = this.#options;
    for (const instance of this.#usersOf(id)) {
      const ran = observed(instance)?.state === "running";
      await restart(instance).catch(() => {});
      const cause = ran ? await this.#untilKnown(instance) : undefined;
      if (cause !== undefined)
        return `${instance} did not start with it: ${cause.replace(/[.!?]?$/, (end) => end || ".")}`;
    }
    return undefined;
  }

  /** Why it does not come up, within the limit; undefined if it does. */
  async #untilKnown(instance: InstanceId): Promise<string | undefined> {
    const { observed, startLimitMs = 30_000 } = this.#options;
    for (const endsAtMs = performance.now() + startLimitMs; ; await Bun.sleep(lookEveryMs)) {
      const now = observed(instance);
      if (now === undefined || now.state === "running" || now.state === "stopped") return undefined;
      if (now.state === "failed" || now.state === "crash-looping" || now.state === "backoff")
        return now.cause;
      // An account that waits for its homeserver says nothing about the plugin.
      if (performance.now() > endsAtMs) return now.state === "waiting" ? undefined : "it takes too long.";
    }
  }

  async #restartAll(id: string): Promise<void> {
    for (const instance of this.#usersOf(id)) await this.#options.restart(instance).catch(() => {});
  }

  #isUsed(id: string): boolean {
    return this.#usersOf(id).length > 0;
  }

  #usersOf(id: string): readonly InstanceId[] {
    return this.#options.users().get(id) ?? [];
  }

  #get(id: string): PluginInfo {
    const found = this.list().find((info) => info.id === id);
    if (found === undefined) throw new RoostError("not-found", `There is no plugin ${id}.`);
    return found;
  }

  #requireUploaded(id: string): void {
    if (this.#get(id).origin === "built-in")
      throw new RoostError("bad-request", `${id} is built in: it comes and goes with Roost itself.`);
  }
}
