/** `/widget.js`: one file that defines the element, however often a page loads it. */
import { defineChatView } from "../chat/view";
import { ParlanceChat } from "./element";

defineChatView();
if (!customElements.get("parlance-chat")) customElements.define("parlance-chat", ParlanceChat);
