import { defineChatView } from "../chat/view";
import { setUpTheme } from "../style/bar";
import { Playground } from "./app";

setUpTheme();
defineChatView();
customElements.define("parlance-playground", Playground);
