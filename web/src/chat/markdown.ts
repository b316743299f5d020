/**
 * Markdown as nodes that can do nothing.
 *
 * What a model says is not to be trusted: a retrieved document may have told it to. HTML in it is shown as text, links
 * go to the web or to mail only, and an image becomes a link, since loading it would tell its server what was said.
 */
import createDOMPurify from "dompurify";
import { Marked, type Tokens } from "marked";

const LEVEL_OF_FIRST_HEADING = 3;

const marked = new Marked({
  gfm: true,
  breaks: true,
  async: false,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    image: ({ href, text }: Tokens.Image) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
    heading({ tokens, depth }: Tokens.Heading) {
      const level = Math.min(depth + LEVEL_OF_FIRST_HEADING - 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? "☑ " : "☐ "),
  },
});

const purifier = createDOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  // A wide table or program is scrolled with the keyboard too.
  if (node.tagName === "PRE") node.setAttribute("tabindex", "0");
});

export function markdown(text: string): DocumentFragment {
  return purifier.sanitize(marked.parse(text) as string, {
    ALLOWED_TAGS: [
      ..."p br hr strong em del code pre blockquote ul ol li a".split(" "),
      ..."h3 h4 h5 h6 table thead tbody tr th td".split(" "),
    ],
    ALLOWED_ATTR: ["href", "title", "start", "align"],
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
