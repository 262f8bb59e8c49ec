/**
 * What a device cannot hold or no longer does: no fault of the program, nor of Margo. A lost device is a kind of its
 * own, because a run can go on from its last snapshot on another one.
 */

/** Thrown with what happened, and with a way out. */
export class DeviceFault extends Error {
  override readonly name: string = "DeviceFault";
  readonly help: string;

  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** The device is gone, and the variables with it. */
export class DeviceLost extends DeviceFault {
  override readonly name = "DeviceLost";
  /** What happened to it, as a clause. */
  readonly reason: string;

  constructor(program: string, reason: string) {
    super(`${program} cannot go on: ${reason}`, "go on from the last checkpoint: --resume RUN");
    this.reason = reason;
  }
}
