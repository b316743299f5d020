/** Every route, out of openapi.json, to read and to try. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

export function showHttp(place: HTMLElement): void {
  SwaggerUI({
    domNode: place,
    url: "/docs/openapi.json",
    deepLinking: true,
    // A section for each group, folded: there are too many operations to show at once.
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    syntaxHighlight: { theme: "nord" },
    // The default sends the address of the document to a service elsewhere.
    validatorUrl: null,
  });
}
