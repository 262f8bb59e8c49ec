/**
 * The grammar: a pure Chevrotain parser with recovery. It makes a concrete tree of any row of words and knows
 * nothing of meaning. Operators are a flat chain here (precedence is compiler/syntax/operators.ts), which keeps the
 * stack low; slips like `&&`, and `if` without `else`, are in the grammar so that the tree around them stays whole.
 */
import {
  CstParser,
  type CstNode,
  type IParserErrorMessageProvider,
  type IRecognitionException,
  type IToken,
} from "chevrotain";
import * as is from "./tokens.ts";

export interface Parsed {
  /** Undefined only where not even the first rule could be recovered. */
  readonly cst: CstNode | undefined;
  readonly errors: readonly IRecognitionException[];
}

/** Tokens are those of layout.ts. */
export function parseFile(tokens: readonly IToken[]): Parsed {
  return run(tokens, (parser) => parser.file());
}

export function parseSoleExpression(tokens: readonly IToken[]): Parsed {
  return run(tokens, (parser) => parser.soleExpression());
}

function run(tokens: readonly IToken[], rule: (parser: MargoParser) => CstNode | undefined): Parsed {
  theParser ??= new MargoParser("left out");
  theParser.input = [...tokens];
  const cst = rule(theParser);
  const errors = [...theParser.errors];
  theParser.input = [];
  return { cst, errors };
}

/** Throws where the grammar is ambiguous or left-recursive: a test's work, which would slow every start. */
export function validateGrammar(): void {
  const parser = new MargoParser("done");
  parser.reset();
}

type Validation = "done" | "left out";

class MargoParser extends CstParser {
  constructor(validation: Validation) {
    super(is.vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 2,
      nodeLocationTracking: "onlyOffset",
      errorMessageProvider: expectations,
      skipValidations: validation === "left out",
    });
    this.performSelfAnalysis();
  }

  readonly file = this.RULE("file", () => {
    this.MANY(() => this.SUBRULE(this.line));
  });

  readonly soleExpression = this.RULE("soleExpression", () => {
    this.CONSUME(is.StartOfStatement);
    this.SUBRULE(this.expression);
    this.OPTION(() => this.SUBRULE(this.rest));
    this.CONSUME(is.EndOfStatement);
  });

  /** A declaration or a statement, whatever follows it by mistake, and the end. */
  readonly line = this.RULE("line", () => {
    this.CONSUME(is.StartOfStatement);
    this.OR({
      // Else the first two words would choose, and a broken `let` would not be one.
      MAX_LOOKAHEAD: 1,
      DEF: [{ ALT: () => this.SUBRULE(this.item) }, { ALT: () => this.SUBRULE(this.rest) }],
      IGNORE_AMBIGUITIES: true,
    });
    this.OPTION(() => this.SUBRULE2(this.rest));
    this.CONSUME(is.EndOfStatement);
  });

  readonly rest = this.RULE("rest", () => {
    this.AT_LEAST_ONE(() => this.CONSUME(is.AnyWord));
  });

  readonly item = this.RULE("item", () => {
    this.OPTION(() => this.CONSUME(is.Export));
    // The first that fits: `x = …` is a result, not a comparison with a slip. The gates say with one word each what
    // a second word of lookahead for all of them would cost a good part of the start to find out.
    this.OR({
      IGNORE_AMBIGUITIES: true,
      MAX_LOOKAHEAD: 1,
      DEF: [
        { ALT: () => this.SUBRULE(this.importDeclaration) },
        { GATE: () => this.LA(2).tokenType === is.StringLiteral, ALT: () => this.SUBRULE(this.importBehind) },
        { ALT: () => this.SUBRULE(this.callable) },
        { ALT: () => this.SUBRULE(this.train) },
        { ALT: () => this.SUBRULE(this.letStatement) },
        { ALT: () => this.SUBRULE(this.paramStatement) },
        { ALT: () => this.SUBRULE(this.stateStatement) },
        { ALT: () => this.SUBRULE(this.requireStatement) },
        { GATE: () => this.LA(2).tokenType === is.UpdateArrow, ALT: () => this.SUBRULE(this.update) },
        { GATE: () => this.LA(2).tokenType === is.Equals, ALT: () => this.SUBRULE(this.result) },
        { ALT: () => this.SUBRULE(this.expression) },
      ],
    });
  });

  // -------------------------------------------------------------- declarations

  readonly importDeclaration = this.RULE("importDeclaration", () => {
    this.CONSUME(is.Import);
    this.OR([
      {
        GATE: () => this.LA(2).tokenType === is.From || this.LA(2).tokenType === is.Comma,
        ALT: () => this.SUBRULE(this.bareNames),
      },
      { ALT: () => this.SUBRULE(this.namesInBraces) },
    ]);
    this.CONSUME(is.From);
    this.CONSUME(is.StringLiteral);
  });

  readonly namesInBraces = this.RULE("namesInBraces", () => {
    this.CONSUME(is.LeftCurly);
    this.OPTION(() => {
      this.SUBRULE(this.importName);
      this.MANY(() => {
        this.CONSUME(is.Comma);
        this.SUBRULE2(this.importName);
      });
      this.OPTION2(() => this.CONSUME2(is.Comma));
    });
    this.CONSUME(is.RightCurly);
  });

  /** As Python has it: `from "std/layers" import dense`. */
  readonly importBehind = this.RULE("importBehind", () => {
    this.CONSUME(is.From);
    this.CONSUME(is.StringLiteral);
    this.CONSUME(is.Import);
    this.SUBRULE(this.bareNames);
  });

  /** Without the braces that belong around them. */
  readonly bareNames = this.RULE("bareNames", () => {
    this.SUBRULE(this.importName);
    this.MANY(() => {
      this.CONSUME(is.Comma);
      this.SUBRULE2(this.importName);
    });
  });

  readonly importName = this.RULE("importName", () => {
    this.CONSUME(is.Identifier, { LABEL: "name" });
    this.OPTION(() => {
      this.CONSUME(is.As);
      this.CONSUME2(is.Identifier, { LABEL: "alias" });
    });
  });

  readonly callable = this.RULE("callable", () => {
    this.CONSUME(is.CallableWord);
    this.CONSUME(is.Identifier);
    this.MANY(() => this.SUBRULE(this.parameters));
    this.OPTION(() => {
      this.CONSUME(is.ReturnArrow);
      this.SUBRULE(this.type);
    });
    this.OR([
      { ALT: () => this.SUBRULE(this.block) },
      {
        ALT: () => {
          this.CONSUME(is.Equals);
          this.SUBRULE(this.expression);
        },
      },
    ]);
  });

  readonly train = this.RULE("train", () => {
    this.CONSUME(is.Train);
    this.CONSUME(is.Identifier);
    this.SUBRULE(this.block);
  });

  readonly parameters = this.RULE("parameters", () => {
    this.CONSUME(is.LeftParen);
    this.OPTION(() => {
      this.SUBRULE(this.parameter);
      this.MANY(() => {
        this.CONSUME(is.Comma);
        this.SUBRULE2(this.parameter);
      });
      this.OPTION2(() => this.CONSUME2(is.Comma));
    });
    this.CONSUME(is.RightParen);
  });

  readonly parameter = this.RULE("parameter", () => {
    this.CONSUME(is.Identifier);
    this.OPTION(() => {
      this.CONSUME(is.Colon);
      this.SUBRULE(this.type);
    });
    this.OPTION2(() => {
      this.CONSUME(is.Equals);
      this.SUBRULE(this.expression);
    });
  });

  readonly block = this.RULE("block", () => {
    this.CONSUME(is.LeftCurly);
    this.MANY(() => this.SUBRULE(this.line));
    this.CONSUME(is.RightCurly);
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

  // -------------------------------------------------------------- statements

  readonly letStatement = this.RULE("letStatement", () => {
    this.CONSUME(is.Let);
    this.CONSUME(is.Identifier);
    this.OPTION(() => {
      this.CONSUME(is.Colon);
      this.SUBRULE(this.type);
    });
    this.CONSUME(is.Equals);
    this.SUBRULE(this.expression);
  });

  readonly paramStatement = this.RULE("paramStatement", () => {
    this.CONSUME(is.Param);
    this.CONSUME(is.Identifier);
    this.OPTION(() => {
      this.CONSUME(is.Colon);
      this.SUBRULE(this.type);
    });
    this.OPTION2(() => {
      this.OR([{ ALT: () => this.CONSUME(is.Tilde) }, { ALT: () => this.CONSUME(is.Equals) }]);
      this.SUBRULE(this.expression);
    });
  });

  readonly stateStatement = this.RULE("stateStatement", () => {
    this.CONSUME(is.State);
    this.CONSUME(is.Identifier);
    this.OPTION(() => {
      this.CONSUME(is.Colon);
      this.SUBRULE(this.type);
    });
    this.OR([{ ALT: () => this.CONSUME(is.Equals) }, { ALT: () => this.CONSUME(is.Tilde) }]);
    this.SUBRULE(this.expression);
  });

  readonly requireStatement = this.RULE("requireStatement", () => {
    this.CONSUME(is.Require);
    this.SUBRULE(this.chain);
    this.OPTION(() => {
      this.CONSUME(is.Else);
      this.CONSUME(is.StringLiteral);
    });
  });

  readonly update = this.RULE("update", () => {
    this.CONSUME(is.Identifier);
    this.CONSUME(is.UpdateArrow);
    this.SUBRULE(this.expression);
  });

  readonly result = this.RULE("result", () => {
    this.CONSUME(is.Identifier);
    this.CONSUME(is.Equals);
    this.SUBRULE(this.expression);
  });

  // -------------------------------------------------------------- expressions

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
}

/** Behind any other word of a type, round brackets are the next parameter list. */
function isTensorWord({ image }: IToken): boolean {
  return image === "f32" || image === "i32" || image === "bool" || image === "index";
}

/** An error's message is the name of the token type that was expected, or empty: the words are elsewhere. */
const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.name,
  buildNotAllInputParsedMessage: () => "",
  buildNoViableAltMessage: () => "",
  buildEarlyExitMessage: () => "",
};

/** Analysing the grammar takes longer than parsing most files, so it is done once, at the first use. */
let theParser: MargoParser | undefined;
