import type { ComponentChildren } from "preact";
import { formatDuration, formatTime } from "./format.ts";
import { connection, endedFor, health, isLoggedIn, lastHeardMs, logOut, session } from "./host.ts";
import { Messages } from "./parts/message.tsx";
import { linkTo, route } from "./route.ts";
import { Config } from "./views/config.tsx";
import { Create } from "./views/create.tsx";
import { Ended } from "./views/ended.tsx";
import { Instance } from "./views/instance.tsx";
import { Login } from "./views/login.tsx";
import { Logs } from "./views/logs.tsx";
import { Overview } from "./views/overview.tsx";
import { Plugins } from "./views/plugins.tsx";

const views = [
  { name: "Bots", path: [] },
  { name: "Logs", path: ["logs"] },
  { name: "Plugins", path: ["plugins"] },
  { name: "Config", path: ["config"] },
] as const;

export function App() {
  return (
    <>
      <Header />
      <main id="main">
        <Disconnected />
        <Entry />
        <Kept />
      </main>
      <Messages />
    </>
  );
}

function Header() {
  return (
    <header>
      <h1 class="brand">
        <a href={linkTo([])}>
          <svg viewBox="0 2 24 20" aria-hidden="true">
            <path d="M1 19.2h22V21H1zM19.6 7.6 17.4 6.9A3.9 3.9 0 0 0 10 8.3c-.3 1.1-.9 1.6-2 2.5l-6 4.7 4.2-.5c1.4 1.9 3.2 2.9 5.5 2.9a6 6 0 0 0 6-6V8.9z" />
          </svg>
          Roost
        </a>
      </h1>
      {isLoggedIn.value && (
        <nav aria-label="Views">
          {views.map(({ name, path }) => (
            <a key={name} href={linkTo(path)} data-name={name} aria-current={isAt(path) ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
      )}
      <p class="soft about">
        Version {health.value.version}
        {isLoggedIn.value && (
          <>
            {" · "}
            {session.value.user}{" "}
            <button type="button" class="link" onClick={() => void logOut()}>
              Log out
            </button>
          </>
        )}
      </p>
    </header>
  );
}

function Entry() {
  if (isLoggedIn.value) return null;
  return endedFor.value === null ? <Login /> : <Ended />;
}

/** The view, also behind the login of somebody whose session has ended: there it keeps what they have typed. */
function Kept() {
  const user = session.value.user ?? endedFor.value;
  if (user === null) return null;
  return (
    <div key={user} class="view" hidden={!isLoggedIn.value}>
      <View />
    </div>
  );
}

function isAt(path: readonly string[]): boolean {
  const [first] = route.value.path;
  return path.length === 0 ? first === undefined || first === "bots" || first === "new" : first === path[0];
}

function View(): ComponentChildren {
  const [view, id] = route.value.path;
  switch (view) {
    case "bots":
      return id === undefined ? <Overview /> : <Instance key={id} id={id} />;
    case "new":
      return <Create />;
    case "logs":
      // Records that came while nobody was logged in are read anew.
      return <Logs key={String(isLoggedIn.value)} />;
    case "plugins":
      return <Plugins />;
    case "config":
      return <Config />;
    default:
      return <Overview />;
  }
}

/** Says that what is shown is old: in words, not by greying it out alone. */
function Disconnected() {
  if (connection.value === "open") return null;
  return (
    <p class="banner" data-status="warn" role="alert">
      Disconnected, retrying. What is shown is from {formatTime(lastHeardMs.value)},{" "}
      {formatDuration(Date.now() - lastHeardMs.value)} ago.
    </p>
  );
}
