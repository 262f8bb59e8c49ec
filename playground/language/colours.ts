/**
 * Colours for the text between two answers of the compiler: comments, strings, numbers, keywords and names of
 * declarations, by regular expressions a word. What a name means is the language server's to say.
 */
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { tags } from "@lezer/highlight";

/** Words that begin or join; a test holds them against the grammar. */
export const keywords = [
  "let",
  "require",
  "import",
  "export",
  "if",
  "then",
  "else",
  "or",
  "and",
  "not",
  "from",
  "as",
];
export const declarationWords = [
  "fn",
  "layer",
  "model",
  "margin",
  "loss",
  "optimizer",
  "train",
  "param",
  "state",
];
const atoms = ["true", "false"];
const types = ["f32", "i32", "bool", "int", "float", "string", "index"];

const word = /^[\p{L}_][\p{L}\p{N}_]*/u;

const language = StreamLanguage.define<{ afterDeclaration: boolean }>({
  name: "margo",
  startState: () => ({ afterDeclaration: false }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/\/.*/)) return "docComment";
    if (stream.match(/^\/\/.*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^\d[\d_]*(\.\d+)?([eE][+-]?\d+)?/)) return "number";
    const found = stream.match(word);
    if (found === null || typeof found === "boolean") {
      stream.next();
      return "operator";
    }
    const [name = ""] = found;
    if (state.afterDeclaration) {
      state.afterDeclaration = false;
      if (!stream.match(/^\s*[:=]/, false) || stream.match(/^\s*=\s*/, false)) return "definition";
    }
    if (declarationWords.includes(name) && stream.match(/^\s+[\p{L}_]/u, false)) {
      state.afterDeclaration = true;
      return "keyword";
    }
    if (keywords.includes(name)) return "keyword";
    if (atoms.includes(name)) return "atom";
    if (types.includes(name)) return "typeName";
    return stream.match(/^\s*\(/, false) ? "call" : "variable";
  },
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
  tokenTable: {
    docComment: tags.docComment,
    definition: tags.definition(tags.variableName),
    call: tags.function(tags.variableName),
    variable: tags.variableName,
  },
});

/** Colours are variables of the page, so they follow its theme. */
const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)" },
  { tag: [tags.comment, tags.docComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: [tags.number, tags.atom], color: "var(--code-number)" },
  { tag: tags.typeName, color: "var(--code-type)" },
  { tag: tags.definition(tags.variableName), color: "var(--code-name)", fontWeight: "600" },
  { tag: tags.function(tags.variableName), color: "var(--code-name)" },
  { tag: tags.operator, color: "var(--quiet)" },
]);

export const margoLanguage: Extension = [language, syntaxHighlighting(colors)];
