import { render } from "preact";
import { App } from "./app.tsx";
import { connect } from "./host.ts";

/** Once what the document shows of itself is painted; a page in the background paints nothing. */
function afterFirstFrame(work: () => void): void {
  if (document.hidden) work();
  else requestAnimationFrame(() => setTimeout(work));
}

afterFirstFrame(() => {
  const page = document.getElementById("page");
  if (page !== null) render(<App />, page);
  connect();
});
