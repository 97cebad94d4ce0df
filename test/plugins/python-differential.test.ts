/** Plugins written for maubot, in the real maubot and in Roost: the same conversation must read the same on both sides. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../doubles/folder.ts";
import { findMaubot } from "../doubles/maubot.ts";
import { needs } from "../doubles/needs.ts";
import { findSynapse } from "../doubles/synapse.ts";
import { converse } from "./python-differential/conversation.ts";
import { conversations, pluginsFolder } from "./python-differential/index.ts";
import { MaubotSide, RoostSide } from "./python-differential/side.ts";
import { pluginFrom, Stage } from "./python-differential/stage.ts";

setDefaultTimeout(180_000);

const [synapse, maubot] = [await findSynapse(), await findMaubot()];
const lack = "lack" in synapse ? synapse.lack : "lack" in maubot ? maubot.lack : undefined;

needs("a real Synapse and a real maubot", lack)("a plugin written for maubot", () => {
  const names = Object.keys(conversations);
  let folder: ReturnType<typeof temporaryFolder>;
  let stage: Stage;

  beforeAll(async () => {
    folder = temporaryFolder();
    const [homeserver, python] = [pythonOf(synapse), pythonOf(maubot)];
    stage = new Stage(homeserver, [
      new MaubotSide(python, join(folder.path, "maubot")),
      new RoostSide(python, join(folder.path, "roost")),
    ]);
    await stage.open(names.map((name) => pluginFrom(join(pluginsFolder, name))));
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  // All at once, each in its own rooms: most of the time goes into waiting for what doesn't come.
  test.concurrent.each(names)("does in Roost what it does in maubot: %s", async (name) => {
    const outcomes = await converse(stage.scenesOf(name), conversations[name] ?? [], stage.observer);
    const did = (side: number) =>
      outcomes
        .filter(({ differs }) => differs === undefined)
        .map(({ label, sides }) => ({ label, did: sides[side] }));
    expect(did(1)).toEqual(did(0));
    const equalAfterAll = outcomes.filter(({ differs, isEqual }) => differs !== undefined && isEqual);
    expect(equalAfterAll.map(({ label }) => label)).toEqual([]);
  });
});

function pythonOf(found: object): string {
  return "python" in found ? String(found.python) : "";
}
