/** What a homeserver, or the way to it, does wrong. Those that can be are told to the third bot's account alone. */
import type { FaultAnswer } from "../../src/sandbox/faults.ts";
import { type Lab, own } from "./lab.ts";
import type { LabFault } from "./trial.ts";

const sends = /\/send\//;
const syncs = /\/sync$/;

const refusal = (status: number, errcode: string): FaultAnswer => ({
  kind: "error",
  status,
  body: { errcode, error: "No" },
});

/** A fault of every request of the account that fits, while it lasts. */
function answering(
  name: string,
  path: RegExp,
  answer: FaultAnswer,
  more: Partial<LabFault> & { readonly times?: number } = {},
): LabFault {
  const { times, ...rest } = more;
  return {
    name,
    victim: "third",
    lastsMs: 4_000,
    begin({ homeserver }) {
      const fault = { path, user: own, answer, ...(times === undefined ? {} : { times }) };
      const injected = homeserver.faults.inject(fault);
      return () => injected.remove();
    },
    ...rest,
  };
}

/** Something done again and again while it lasts. */
function repeating(name: string, everyMs: number, what: (lab: Lab) => void): LabFault {
  return {
    name,
    victim: "all",
    lastsMs: 4_000,
    begin(lab) {
      what(lab);
      const timer = setInterval(() => what(lab), everyMs);
      return () => clearInterval(timer);
    },
  };
}

function lasting(name: string, what: (lab: Lab) => void): LabFault {
  return {
    name,
    victim: "all",
    lastsMs: 4_000,
    begin(lab) {
      what(lab);
      return () => lab.homeserver.faults.clear();
    },
  };
}

async function forgetAnswers({ homeserver }: Lab): Promise<() => void> {
  // Half of the answer is lost, and the homeserver forgets that it has carried the request out. (One that ends without a byte on
  // a kept connection is repeated by Bun itself at once, before any homeserver could forget.)
  const injected = homeserver.faults.inject({
    path: sends,
    user: own,
    times: 3,
    answer: { kind: "half" },
  });
  const timer = setInterval(() => homeserver.forgetTransactions(own), 1);
  return () => {
    clearInterval(timer);
    injected.remove();
  };
}

async function cut({ homeserver }: Lab): Promise<() => Promise<void>> {
  const port = Number(new URL(homeserver.url).port);
  await homeserver.close();
  return () => homeserver.open(port);
}

export const homeserverFaults: readonly LabFault[] = [
  answering("401, token unknown once", syncs, refusal(401, "M_UNKNOWN_TOKEN"), { times: 1 }),
  {
    ...lasting("401, token revoked", ({ homeserver }) => homeserver.revokeTokens(own)),
    victim: "third",
    says: /logging in again/,
  },
  answering("401, account locked", /./, refusal(401, "M_USER_LOCKED"), { says: /locked/ }),
  answering("403 to syncs", syncs, refusal(403, "M_FORBIDDEN"), { says: /./ }),
  answering("403, account suspended", sends, refusal(403, "M_USER_SUSPENDED"), { says: /suspended/ }),
  answering("403 to messages", sends, refusal(403, "M_FORBIDDEN"), {
    says: /could not be posted/,
    refuses: true,
  }),
  answering("429 that says how long", /./, { kind: "rate-limited", retryAfterMs: 700 }, { says: /./ }),
  answering("429 that does not", /./, { kind: "rate-limited" }, { says: /./ }),
  answering("502 with a page", /./, { kind: "html", status: 502 }, { says: /502/ }),
  answering("hang", /./, { kind: "hang" }, { lastsMs: 50_000, says: /./ }),
  answering("half an answer", /./, { kind: "half" }, { says: /./ }),
  answering("lost answers", sends, { kind: "lost-answer" }),
  answering("cut connections", /./, { kind: "drop" }, { says: /./ }),
  answering("slow answers", /./, { kind: "delay", delayMs: 1_500 }),
  answering("wrong Content-Type", /./, { kind: "mislabelled", contentType: "text/plain" }),
  {
    ...answering("slow uploads", /\/upload$/, { kind: "delay", delayMs: 2_000 }),
    prepare: (lab) => {
      lab.command = "file";
    },
  },
  { name: "transactions forgotten", victim: "third", lastsMs: 4_000, begin: forgetAnswers },
  lasting("limited syncs", ({ homeserver }) => homeserver.faults.limitTimeline(1)),
  lasting("events out of order", ({ homeserver }) => homeserver.faults.disorderEvents()),
  lasting("10 MB of state", ({ homeserver }) => homeserver.faults.swellState(10_000_000)),
  repeating("events repeated", 100, ({ homeserver }) => homeserver.faults.repeatEvents(10)),
  lasting("since lost", ({ homeserver }) => homeserver.faults.forgetSince()),
  answering("since refused", syncs, refusal(400, "M_UNKNOWN"), { times: 1, says: /lost the place/ }),
  {
    name: "homeserver away",
    victim: "all",
    lastsMs: 6_000,
    says: /cannot be reached|not answer|unreachable/,
    begin: cut,
  },
  { name: "homeserver restarts", victim: "all", lastsMs: 300, begin: cut },
];
