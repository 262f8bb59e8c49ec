/**
 * The grammar: a pure Chevrotain parser with recovery. It makes a concrete tree of any row of words and knows
 * nothing of meaning. Declarations and statements are here, what has a value in expression-rules.ts. Slips like `&&`, and
 * `if` without `else`, are in the grammar so that the tree around them stays whole.
 */
import {
  type CstNode,
  type IParserErrorMessageProvider,
  type IRecognitionException,
  type IToken,
} from "chevrotain";
import { ExpressionRules } from "./expression-rules.ts";
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

class MargoParser extends ExpressionRules {
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
