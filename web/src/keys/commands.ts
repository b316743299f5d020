/** What only the command line makes: credentials that reach further than a tenant's own key should. */
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
    title: "User token",
    about: "A person who is signed in. Your own backend or identity provider signs it, once the tenant trusts it; the second command signs one to try things out with.",
    command: (tenant) => `parlance issuer add ${tenant} https://login.example`,
  },
  {
    title: "User token, to try things out",
    about: "For a user that is there: parlance user create makes one.",
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
