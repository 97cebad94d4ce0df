/**
 * `bun bench/outage.ts [--seconds N]`: a real Synapse that is stopped for 3 minutes under traffic and started again. Prints how
 * soon the bots answer, what was lost or doubled, and what the admin room was told. Exit 1 if that is more than promised.
 */
import { parseArgs } from "node:util";
import { findSynapse } from "../test/doubles/synapse.ts";
import { SynapseTalk } from "../test/doubles/synapse-talk.ts";

const { seconds } = parseArgs({ options: { seconds: { type: "string", default: "180" } } }).values;
const found = await findSynapse();
if ("lack" in found) {
  console.log(`skipped: ${found.lack.why}`);
  process.exit(0);
}
await using scene = await SynapseTalk.open(found.python);
const endTalk = scene.talk(100);
await Bun.sleep(5_000);
const told = (await scene.adminMessages()).length;
console.error(`Synapse is stopped for ${seconds} s ...`);
await scene.synapse.stop();
await Bun.sleep(Number(seconds) * 1000);
await scene.synapse.start();
const startedAtMs = performance.now();
await scene.converse(60_000);
const resumedMs = performance.now() - startedAtMs;
await Bun.sleep(2_000);
await endTalk();
await scene.untilAllAnswered(60_000).catch(() => {});
// What the admin room is told is at most 10 s late.
await Bun.sleep(15_000);
const { asked, unanswered, doubled } = await scene.tally();
const messages = (await scene.adminMessages()).slice(told);
console.log(`${asked} asked, ${unanswered} lost, ${doubled} doubled`);
console.log(`both answered ${(resumedMs / 1000).toFixed(1)} s after Synapse's start`);
console.log(`the admin room was told ${messages.length} things:`);
for (const message of messages) console.log(`  ${message.replaceAll("\n", "\n  ")}`);
process.exitCode = unanswered + doubled > 0 || resumedMs > 30_000 || messages.length > 2 ? 1 : 0;
