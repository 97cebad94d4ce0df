import { type Document, LineCounter, type ParsedNode, parseDocument } from "yaml";

const maxDepth = 50;

/** A YAML text that a stranger wrote, parsed in linear time, and how to find the line of a position in it. */
export interface ParsedYaml {
  readonly document: Document.Parsed<ParsedNode>;
  readonly lineOf: (position: number) => number;
}

/**
 * Parses without the parser's two expensive ways: nesting (quadratic) is bounded beforehand, and repeated keys, which it looks
 * for by comparing each with each, are left to the caller. Undefined for text that is nested too deeply.
 */
export function parseBoundedYaml(text: string): ParsedYaml | undefined {
  if (isNestedTooDeeply(text)) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  return { document, lineOf: (position) => lines.linePos(position).line };
}

function isNestedTooDeeply(text: string): boolean {
  if (new RegExp(`(?:(?:[-?:]|[&!]\\S*)\\s+){${maxDepth}}|^ {${maxDepth * 4},}\\S`, "m").test(text))
    return true;
  let depth = 0;
  for (const char of text) {
    if (char === "[" || char === "{") depth++;
    else if ((char === "]" || char === "}") && depth > 0) depth--;
    if (depth > maxDepth) return true;
  }
  return false;
}
