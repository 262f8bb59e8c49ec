/** How a command ends early once it has said why: the door takes the exit code and says nothing more. */
export class Refusal extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("refused");
    this.exitCode = exitCode;
  }
}
