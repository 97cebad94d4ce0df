/**
 * Orders versions as PEP 440 and semver both mean them: numbers first, then `dev` < `a` < `b` < `rc` < release < `post`; what
 * follows a `+` does not count. Unknown words after a release (`1.0-beta-x`) count as a pre-release.
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parse(left), parse(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? release) - (b[index] ?? release);
    if (difference !== 0) return difference;
  }
  return 0;
}

const release = 0;
const ranks: { readonly [word: string]: number } = {
  dev: -5,
  a: -4,
  alpha: -4,
  b: -3,
  beta: -3,
  c: -2,
  rc: -2,
  pre: -2,
  preview: -2,
  post: 1,
  r: 1,
  rev: 1,
};

/** Six numbers of the release, then a rank and a number for each word. */
function parse(version: string): number[] {
  const [text = ""] = version.toLowerCase().replace(/^v/, "").split("+");
  const numbers = /^\d+(?:\.\d+)*/.exec(text)?.[0] ?? "";
  const parsed = numbers.split(".").slice(0, 6).map(Number);
  while (parsed.length < 6) parsed.push(0);
  for (const [, word = "", number] of text.slice(numbers.length).matchAll(/([a-z]+|-)[-._]?(\d+)?/g)) {
    if (word === "-" && number === undefined) continue;
    parsed.push(word === "-" ? 1 : (ranks[word] ?? -3), Number(number ?? 0));
  }
  return parsed;
}
