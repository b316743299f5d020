import { defineCopyButton } from "../account/copy";
import { setUpTheme } from "../style/bar";
import { KeysPage } from "./page";

setUpTheme();
defineCopyButton();
customElements.define("parlance-keys", KeysPage);
