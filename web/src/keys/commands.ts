/** What only the command line makes, with the commands. */
import { html, type TemplateResult } from "lit";

type Kind = { title: string; about: string; command: (tenant: string) => string };

const KINDS: Kind[] = [
  {
    title: "Admin key (ak_…)",
    about: "Operators read with it what visitors of widgets have said: GET /v1/admin/conversations.",
    command: (tenant) => `parlance admin-key create ${tenant} --name operators`,
  },
  {
    title: "License",
    about: "A backend shows it in the identity dialect. One of the level system also reads the tenant's service keys.",
    command: (tenant) => `parlance license create ${tenant} --name backend --auth-level user`,
  },
  {
    title: "Service key",
    about: "A key id and a secret, with which a backend asks agents in the identity dialect, beside its license.",
    command: (tenant) => `parlance service-key create ${tenant} --tag backend`,
  },
  {
    title: "Issuer of user tokens",
    about: "People who are signed in come with a token that your own backend or identity provider signs, once the tenant trusts it.",
    command: (tenant) => `parlance issuer add ${tenant} https://login.example`,
  },
  {
    title: "User token",
    about: "To try things out, as a user that parlance user create has made. The issuer must share a secret.",
    command: (tenant) => `parlance token ${tenant} USER --minutes 60`,
  },
];

export function commands(tenant: string): TemplateResult {
  return html`<dl class="commands">
    ${KINDS.map((kind) => {
      const command = kind.command(tenant || "TENANT");
      return html`<div>
        <dt>${kind.title}</dt>
        <dd>${kind.about}</dd>
        <dd class="command">
          <code tabindex="0">${command}</code><parlance-copy .text=${command} what="the command for: ${kind.title}"></parlance-copy>
        </dd>
      </div>`;
    })}
  </dl>`;
}
