/** What the words of a text show to be wrong before it is parsed. Facts only; compiler/errors has the words. */
import type { IToken } from "chevrotain";

export type LayoutFault =
  /** `at` is where the closing sign belongs. */
  | {
      readonly kind: "unclosed";
      readonly opener: IToken;
      readonly closer: string;
      readonly at: number;
      readonly isOnLineOfOpener: boolean;
    }
  | { readonly kind: "strayCloser"; readonly token: IToken }
  | { readonly kind: "semicolon"; readonly token: IToken; readonly endsLine: boolean }
  /** `def` for `fn`: a word of another language, or a misspelt one. */
  | { readonly kind: "foreignWord" | "misspeltWord"; readonly token: IToken; readonly word: string }
  | { readonly kind: "returnWord"; readonly token: IToken }
  /** `for` and `while`, which there are not. */
  | { readonly kind: "loopWord"; readonly token: IToken }
  /** `import = 3` among parameters. */
  | { readonly kind: "reservedName"; readonly token: IToken }
  /** `2x` for `2 * x` */
  | { readonly kind: "missingTimes"; readonly number: IToken; readonly name: IToken }
  | { readonly kind: "tooDeep"; readonly token: IToken };

/** How deep brackets and `if` may nest. */
export const nestingLimit = 128;
