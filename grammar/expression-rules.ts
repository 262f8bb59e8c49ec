/**
 * The rules of what has a value, and of types: the lower half of the grammar, which knows nothing of statements. Operators
 * are a flat chain (precedence is compiler/syntax/operators.ts), which keeps the stack low.
 */
import { CstParser, type IToken } from "chevrotain";
import * as is from "./tokens.ts";

export abstract class ExpressionRules extends CstParser {
  readonly expression = this.RULE("expression", () => {
    this.SUBRULE(this.conditional);
    this.MANY(() => {
      this.CONSUME(is.Pipe);
      this.SUBRULE2(this.conditional);
    });
  });

  readonly conditional = this.RULE("conditional", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(is.If);
          this.SUBRULE(this.conditional, { LABEL: "condition" });
          this.OPTION(() => this.CONSUME(is.Then));
          this.OPTION3(() => this.CONSUME(is.StrayCurly));
          this.SUBRULE2(this.conditional, { LABEL: "whenTrue" });
          this.OPTION4(() => this.CONSUME2(is.StrayCurly));
          this.OPTION2(() => {
            this.CONSUME(is.Else);
            this.OPTION5(() => this.CONSUME3(is.StrayCurly));
            this.SUBRULE3(this.conditional, { LABEL: "whenFalse" });
            this.OPTION6(() => this.CONSUME4(is.StrayCurly));
          });
        },
      },
      { ALT: () => this.operands() },
    ]);
  });

  /** A conditional that cannot begin with `if`. */
  readonly chain = this.RULE("chain", () => this.operands());

  /**
   * Operands and what joins them, inlined where it is used to keep the stack low; `=` and `<-` in the middle are slips for `==` and `< -`.
   */
  private operands(): void {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.OR9([
        { ALT: () => this.CONSUME(is.BinaryOperator, { LABEL: "operator" }) },
        { ALT: () => this.CONSUME(is.Equals, { LABEL: "operator" }) },
        { ALT: () => this.CONSUME(is.UpdateArrow, { LABEL: "operator" }) },
      ]);
      this.SUBRULE2(this.operand);
    });
  }

  readonly operand = this.RULE("operand", () => {
    this.MANY(() => this.CONSUME(is.PrefixOperator));
    this.SUBRULE(this.primary);
    this.MANY2(() => this.SUBRULE(this.suffix));
  });

  readonly suffix = this.RULE("suffix", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(is.LeftParen);
          this.OPTION(() => {
            this.SUBRULE(this.argument);
            this.MANY(() => {
              this.CONSUME(is.Comma);
              this.SUBRULE2(this.argument);
            });
            this.OPTION2(() => this.CONSUME2(is.Comma));
          });
          this.CONSUME(is.RightParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(is.LeftSquare);
          this.SUBRULE(this.expression);
          this.CONSUME(is.RightSquare);
        },
      },
    ]);
  });

  readonly argument = this.RULE("argument", () => {
    this.OR({
      IGNORE_AMBIGUITIES: true,
      DEF: [
        {
          ALT: () => {
            this.CONSUME(is.Identifier);
            this.OR2([{ ALT: () => this.CONSUME(is.Colon) }, { ALT: () => this.CONSUME(is.Equals) }]);
            // `over: ...` names the axes that a signature's `...` stands for.
            this.OR3([
              { ALT: () => this.CONSUME(is.Ellipsis) },
              { ALT: () => this.SUBRULE(this.expression) },
            ]);
          },
        },
        { ALT: () => this.SUBRULE2(this.expression) },
      ],
    });
  });

  readonly primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(is.NumberLiteral) },
      { ALT: () => this.CONSUME(is.StringLiteral) },
      { ALT: () => this.CONSUME(is.True) },
      { ALT: () => this.CONSUME(is.False) },
      { ALT: () => this.CONSUME(is.Identifier) },
      { ALT: () => this.CONSUME(is.Hole) },
      { ALT: () => this.SUBRULE(this.list) },
      {
        ALT: () => {
          this.CONSUME(is.LeftParen);
          this.SUBRULE(this.expression);
          this.CONSUME(is.RightParen);
        },
      },
    ]);
  });

  readonly list = this.RULE("list", () => {
    this.CONSUME(is.LeftSquare);
    this.OPTION(() => {
      this.SUBRULE(this.expression);
      this.MANY(() => {
        this.CONSUME(is.Comma);
        this.SUBRULE2(this.expression);
      });
      this.OPTION2(() => this.CONSUME2(is.Comma));
    });
    this.CONSUME(is.RightSquare);
  });

  // -------------------------------------------------------------- types

  readonly type = this.RULE("type", () => {
    this.CONSUME(is.Identifier);
    this.OPTION(() => {
      this.CONSUME(is.Less);
      this.SUBRULE(this.bound);
      this.CONSUME(is.Greater);
    });
    this.OPTION2(() => {
      this.CONSUME(is.LeftSquare);
      this.OPTION3(() => {
        this.SUBRULE(this.dimension);
        this.MANY(() => {
          this.CONSUME(is.Comma);
          this.SUBRULE2(this.dimension);
        });
        this.OPTION4(() => this.CONSUME2(is.Comma));
      });
      this.CONSUME(is.RightSquare);
    });
    this.OPTION5({
      GATE: () => isTensorWord(this.LA(0)),
      DEF: () => {
        this.CONSUME(is.LeftParen);
        this.SUBRULE3(this.dimension);
        this.MANY2(() => {
          this.CONSUME3(is.Comma);
          this.SUBRULE4(this.dimension);
        });
        this.CONSUME(is.RightParen);
      },
    });
  });

  readonly bound = this.RULE("bound", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(is.ArithmeticOperator);
      this.SUBRULE2(this.operand);
    });
  });

  readonly dimension = this.RULE("dimension", () => {
    this.OR([{ ALT: () => this.CONSUME(is.Ellipsis) }, { ALT: () => this.SUBRULE(this.chain) }]);
  });
}

/** Behind any other word of a type, round brackets are the next parameter list. */
function isTensorWord({ image }: IToken): boolean {
  return image === "f32" || image === "i32" || image === "bool" || image === "index";
}
