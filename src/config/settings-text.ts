import { isAlias, isMap, parseDocument, visit } from "yaml";
import type { Problem } from "../core/config.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import { refusal } from "./config-edit.ts";
import { ConfigFile } from "./file.ts";
import { formatPath } from "./finding.ts";
import type { SecretPlace } from "./tree.ts";
import { YamlEdit } from "./yaml-edit.ts";
import { startOf } from "./yaml-layout.ts";
import { parsing } from "./yaml-render.ts";

/** How problems name the text that somebody types. */
const name = "config";

/**
 * Settings that somebody wrote as YAML, ready to be put into a file: `keep` is asked what to write for its data, which puts secrets
 * elsewhere. Throws RoostError `config-invalid` with problems that have the lines of this text.
 */
export function readSettingsText(
  text: string,
  isSecret: SecretPlace,
  keep: (settings: JsonObject) => JsonObject,
): string {
  const lines = text.replaceAll("\r\n", "\n");
  const file = ConfigFile.parse(name, lines, (path, value) =>
    isSecret(["instances", name, "config", ...path], value),
  );
  const value = file.value ?? {};
  if (!isObject(value)) file.report({ path: [], message: 'must be a mapping (lines of "key: value")' });
  reportReferences(file, lines);
  const problems = file.problems();
  if (problems[0] !== undefined || !isObject(value)) throw refusal(problems[0], problems);
  const edit = new YamlEdit(lines);
  if (isMap(edit.root) && Object.keys(value).length > 0) edit.merge(edit.root, keep(value));
  return edit.apply();
}

/** Problems of a file as problems of the settings text that stands in it, from the line below `at` and indented by it. */
export function relocate(
  problems: readonly Problem[],
  instance: string,
  at: { readonly line: number; readonly column: number },
): Problem[] {
  const path = formatPath(["instances", instance, "config"]);
  return problems.map((problem) => {
    if (!problem.path.startsWith(path)) return problem;
    const place = {
      line: Math.max(1, problem.line - at.line),
      column: Math.max(1, problem.column - at.column),
    };
    return { ...problem, ...place, file: name, path: problem.path.slice(path.length).replace(/^\./, "") };
  });
}

/** What the parser understands and an edit in parts would not. */
function reportReferences(file: ConfigFile, text: string): void {
  const document = parseDocument(text, parsing);
  const report = (offset: number, message: string) => file.report({ path: ["?"], offset, message });
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node) && node.anchor === undefined) return;
      report(startOf(node), "anchors (&name) and aliases (*name) cannot be used here: write the value out");
    },
  });
  if (document.directives?.docStart === true || /^(---|\.\.\.)(\s|$)/m.test(text)) {
    report(
      Math.max(0, text.search(/^(---|\.\.\.)/m)),
      "lines with --- or ... cannot be used here: remove them",
    );
  }
}
