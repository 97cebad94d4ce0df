/** `5,064` or `152K` or `46.3m` as a number; null for anything else. */
export function parseCount(text: string | undefined): number | null {
  const match = /^(\d[\d,]{0,14}(?:\.\d{1,3})?)([kmb]?)$/i.exec(text ?? "");
  if (match === null) return null;
  const unit = { "": 1, k: 1e3, m: 1e6, b: 1e9 }[match[2]?.toLowerCase() ?? ""] ?? 1;
  const count = Math.round(Number(match[1]?.replaceAll(",", "")) * unit);
  return Number.isSafeInteger(count) ? count : null;
}
