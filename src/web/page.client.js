// Reads /healthz every two seconds and shows it. Nodes are made once and only their text changes, so that nothing jumps and a
// screen reader hears only what is new. All text goes through textContent.

const intervalMs = 2000;
const timeoutMs = 5000;
const words = {
  running: "Running",
  starting: "Starting",
  waiting: "Waiting",
  backoff: "Backing off",
  "crash-looping": "Crash-looping",
  failed: "Failed",
  stopped: "Stopped",
};

const at = (id) => document.getElementById(id);
const overall = document.querySelector(".overall");
const rows = new Map();
// On narrow screens the table is laid out as a grid, and some browsers then forget what a table is.
const roles = { table: "table", "thead, tbody": "rowgroup", tr: "row", "thead th": "columnheader" };
for (const [selector, role] of Object.entries(roles)) {
  for (const element of document.querySelectorAll(selector)) element.role = role;
}
let lastAnswer;
let timer;

async function refresh() {
  clearTimeout(timer);
  try {
    const response = await fetch("/healthz", { signal: AbortSignal.timeout(timeoutMs) });
    show(await response.json());
    lastAnswer = new Date();
  } catch {
    showDisconnected();
  }
  if (!document.hidden) timer = setTimeout(refresh, intervalMs);
}

function show({ status, version, notes, checks }) {
  const [uptime] = checks.uptime;
  document.body.dataset.connection = "open";
  overall.dataset.status = status;
  setText(at("sentence"), notes[0]);
  setText(
    at("checked"),
    `Checked at ${new Date(uptime.time).toLocaleTimeString()}, every ${intervalMs / 1000} s`,
  );
  setText(at("about"), `Version ${version} · up ${duration(uptime.observedValue)}`);
  document.title = `${notes[0].replace(/\.$/, "")} · Roost`;
  showBots(entries(checks, "instance:"));
  showConfig(checks.config[0]);
  showHost(checks.database[0], entries(checks, "account:"));
}

function showDisconnected() {
  document.body.dataset.connection = "lost";
  overall.dataset.status = "unknown";
  setText(at("sentence"), "Disconnected, retrying…");
  const since =
    lastAnswer === undefined
      ? "The host has not answered yet"
      : `Last answer at ${lastAnswer.toLocaleTimeString()}`;
  setText(at("checked"), `${since}. Is Roost running, and the tunnel open?`);
  document.title = "Disconnected · Roost";
}

function entries(checks, prefix) {
  const found = Object.entries(checks).filter(([key]) => key.startsWith(prefix));
  return found.map(([key, [check]]) => [key.slice(prefix.length), check]);
}

function showBots(bots) {
  const names = new Set(bots.map(([name]) => name));
  for (const [name, row] of rows) {
    if (names.has(name)) continue;
    row.element.remove();
    rows.delete(name);
  }
  for (const [name, check] of bots) {
    if (!rows.has(name)) rows.set(name, makeRow(name));
    rows.get(name).show(check);
  }
  document.querySelector("table").hidden = bots.length === 0;
  at("no-bots").hidden = bots.length > 0;
}

function makeRow(name) {
  const plugin = make("span", "plugin");
  const word = make("span", "word");
  const since = make("time", "since");
  const details = make("div");
  const counts = ["Queued", "Handled", "Failed"].map((label) => {
    const cell = make("td", "number");
    cell.role = "cell";
    cell.dataset.label = label;
    return cell;
  });
  const title = make("th", "", make("span", "name", name), plugin);
  title.scope = "row";
  title.role = "rowheader";
  const dot = make("i", "dot");
  dot.ariaHidden = "true";
  const state = make("td", "", make("div", "", dot, word, " ", since), details);
  state.role = "cell";
  const element = make("tr", "", title, state, ...counts);
  element.role = "row";
  at("bots").append(element);
  return {
    element,
    show(check) {
      element.dataset.state = check.observedValue;
      setText(plugin, check.plugin);
      setText(word, words[check.observedValue] ?? check.observedValue);
      setText(since, `for ${between(check.since, check.time)}`);
      since.dateTime = check.since;
      since.title = new Date(check.since).toLocaleString();
      showDetails(details, check);
      [check.queued, check.handled, check.failed].forEach((count, index) => {
        setText(counts[index], count.toLocaleString("en"));
        counts[index].dataset.count = count;
      });
    },
  };
}

function showDetails(parent, check) {
  const lines = [];
  const tell = (text, kind) => lines.push({ text, kind });
  if (check.observedValue !== "running" && check.output) tell(check.output, "detail cause");
  if (check.nextAttempt) tell(nextAttempt(check), "detail");
  for (const warning of check.warnings) tell(warning, "detail cause");
  if (check.restartNeeded) tell("Its settings on disk have changed; restart it to apply them.", "detail");
  showList(parent, lines, "p");
}

function nextAttempt(check) {
  const left = Date.parse(check.nextAttempt) - Date.parse(check.time);
  return left < 1000 ? "Next attempt now" : `Next attempt in ${duration(Math.round(left / 1000))}`;
}

function showConfig(check) {
  const summaries = {
    applied: ["What runs is what the files say.", "pass"],
    pending: ["The files on disk have changed. Restart Roost, or the bot, to apply:", "pass"],
    problems: ["The files on disk have problems. What runs is not touched by them:", "warn"],
  };
  const lines = [...check.problems, ...check.changes].map((text) => ({ text }));
  const [text, status] = summaries[check.observedValue];
  showList(at("config-list"), [{ text, status }, ...lines], "li");
}

function showHost(database, accounts) {
  const cause = database.output ? `: ${database.output}` : "";
  const lines = accounts.map(([, check]) => {
    const bots = check.instances.length === 0 ? "no bot" : check.instances.join(", ");
    const since = between(check.since, check.time);
    return { text: `Account of ${bots}: ${check.observedValue} for ${since}`, status: check.status };
  });
  const first = { text: `Database: ${database.observedValue}${cause}`, status: database.status };
  showList(at("host-list"), [first, ...lines], "li");
}

/** Makes the parent's children show these lines, reusing the ones there are. */
function showList(parent, lines, tag) {
  while (parent.children.length > lines.length) parent.lastElementChild.remove();
  lines.forEach(({ text, kind = "", status }, index) => {
    const child = parent.children[index] ?? parent.appendChild(make(tag));
    if (child.className !== kind) child.className = kind;
    if (status === undefined) delete child.dataset.status;
    else child.dataset.status = status;
    setText(child, text);
  });
}

function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function between(from, to) {
  return duration(Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000)));
}

/** The two largest units, seconds only while they matter: "3 d 4 h", "42 min", "2 min 5 s", "8 s". Does not break. */
function duration(seconds) {
  if (seconds >= 86_400) return units(seconds, 86_400, "d", 3600, "h");
  if (seconds >= 3600) return units(seconds, 3600, "h", 60, "min");
  if (seconds >= 600) return units(seconds, 60, "min");
  if (seconds >= 60) return units(seconds, 60, "min", 1, "s");
  return units(seconds, 1, "s");
}

function units(seconds, size, unit, smallerSize, smallerUnit) {
  const rest = smallerSize === undefined ? 0 : Math.floor((seconds % size) / smallerSize);
  const large = `${Math.floor(seconds / size)}\u00a0${unit}`;
  return rest === 0 ? large : `${large}\u00a0${rest}\u00a0${smallerUnit}`;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
refresh();
