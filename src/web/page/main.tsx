import { render } from "preact";
import { App } from "./app.tsx";
import { connect } from "./host.ts";

const page = document.getElementById("page");
if (page !== null) render(<App />, page);
connect();
