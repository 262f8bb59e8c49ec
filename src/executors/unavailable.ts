/** Why a target does not start on this machine: no driver, no package. Not a fault of the source, nor of Margo. */
export class TargetUnavailable extends Error {
  override readonly name = "TargetUnavailable";
  readonly help: string;

  constructor(message: string, help: string, cause?: unknown) {
    super(message, { cause });
    this.help = help;
  }
}
