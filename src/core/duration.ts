const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** How long a text such as `30m`, `1h` or `2d` is; undefined if it is none. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,4})(s|m|h|d)$/.exec(text);
  const unit = match?.[2];
  return unit === "s" || unit === "m" || unit === "h" || unit === "d"
    ? Number(match?.[1]) * unitMs[unit]
    : undefined;
}
