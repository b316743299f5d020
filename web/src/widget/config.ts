/** What the page that embeds the widget says about it, in `data-…` attributes. */
import { isWebAddress } from "../wire/transport";

export type Config = {
  apiUrl: string;
  apiKey: string;
  title: string;
  welcome: string;
  placeholder: string;
  position: "bottom-right" | "bottom-left" | "inline";
  accent: string;
  theme: "auto" | "light" | "dark";
  language: string;
  transport: "http" | "websocket";
  /** Of the embedding site's own server: answers a POST with `{"ticket"}`. */
  ticketUrl: string;
  /** `{source}` in it becomes the name of a source that is no web address itself. */
  sourceUrl: string;
  suggestions: string[];
  open: boolean;
};

export const ATTRIBUTES = [
  ..."api-url api-key title welcome-message input-placeholder position accent-color".split(" "),
  ..."theme lang transport ticket-url source-url suggestions open".split(" "),
].map((name) => `data-${name}`);

const OWN_ADDRESS = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";

export function configOf(element: HTMLElement): Config {
  const { dataset } = element;
  const language = dataset.lang ?? element.closest("[lang]")?.getAttribute("lang") ?? navigator.language;
  return {
    apiUrl: (dataset.apiUrl ?? originOf(OWN_ADDRESS)).replace(/\/+$/, ""),
    apiKey: dataset.apiKey ?? "",
    title: dataset.title ?? "",
    welcome: dataset.welcomeMessage ?? "",
    placeholder: dataset.inputPlaceholder ?? "",
    position: oneOf(["bottom-right", "bottom-left", "inline"], dataset.position),
    accent: dataset.accentColor && CSS.supports("color", dataset.accentColor) ? dataset.accentColor : "",
    theme: oneOf(["auto", "light", "dark"], dataset.theme),
    language,
    transport: dataset.ticketUrl ? "websocket" : oneOf(["http", "websocket"], dataset.transport),
    ticketUrl: dataset.ticketUrl ?? "",
    sourceUrl: dataset.sourceUrl ?? "",
    suggestions: (dataset.suggestions ?? "").split("|").map((one) => one.trim()).filter(Boolean),
    open: dataset.open !== undefined && dataset.open !== "false",
  };
}

/** The first is the default. */
function oneOf<Choice extends string>(choices: readonly [Choice, ...Choice[]], given: string | undefined): Choice {
  return choices.find((choice) => choice === given) ?? choices[0];
}

function originOf(address: string): string {
  return isWebAddress(address) ? new URL(address).origin : location.origin;
}
