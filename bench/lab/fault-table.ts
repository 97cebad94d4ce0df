import { percentile } from "../percentile.ts";
import type { Finding } from "./trial.ts";

const seconds = (ms: number | undefined) => (ms === undefined ? "never" : `${(ms / 1000).toFixed(1)} s`);

/** `2 / 9` for p50 and p99 in milliseconds; empty where there was nobody to measure. */
function latencies(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return "";
  return `${percentile(valuesMs, 0.5).toFixed(0)} / ${percentile(valuesMs, 0.99).toFixed(0)}`;
}

/** A Markdown table with a row for each fault. */
export function renderFaults(findings: readonly Finding[]): string {
  const header = [
    "fault",
    "told to",
    "detected after",
    "said",
    "recovered after",
    "longest wait",
    "asked",
    "lost",
    "doubled",
    "refused",
    "others before, p50 / p99 (ms)",
    "others during",
    "wrong",
  ];
  const rows = findings.map((finding) => [
    finding.name,
    finding.victim,
    finding.detectedMs === undefined ? "" : seconds(finding.detectedMs),
    finding.said.replaceAll("|", "\\|").slice(0, 160),
    seconds(finding.recoveredMs),
    seconds(finding.worstMs),
    finding.asked,
    finding.lost,
    finding.doubled,
    finding.refused,
    latencies(finding.othersBeforeMs),
    latencies(finding.othersDuringMs),
    finding.wrong.join("; ").replaceAll("|", "\\|"),
  ]);
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
