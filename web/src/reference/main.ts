/** The two pages about the APIs: whichever this is. */
import { setUpTheme } from "../style/bar";
import { showWebSocket } from "./websocket";

const http = document.querySelector<HTMLElement>("#http-api");
const websocket = document.querySelector<HTMLElement>("#websocket-api");
setUpTheme((theme) => document.documentElement.classList.toggle("dark-mode", theme === "dark"));
if (http) void import("./http").then(({ showHttp }) => showHttp(http));
if (websocket) void showWebSocket(websocket);
