/** Every route, out of openapi.json, to read and to try. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

export function showHttp(place: HTMLElement): void {
  SwaggerUI({
    domNode: place,
    url: "/docs/openapi.json",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    syntaxHighlight: { theme: "nord" },
    // The default sends the address of the document to a service elsewhere.
    validatorUrl: null,
  });
}
