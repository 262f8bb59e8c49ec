/**
 * What goes wrong on a device outside of any call: it is lost, it runs out of memory, it refuses what Margo asked. The
 * first of these is kept, and whatever fails because of it fails with it.
 */
import { DeviceFault, DeviceLost } from "../device-fault.ts";
import { type GpuDevice, outOfMemory } from "./device.ts";

export interface Watch {
  /** Runs work on the device. Throws what went wrong outside, before the work, within it or by its end. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
  /** Nothing runs any more. */
  readonly stop: () => void;
}

export function watchDevice(gpu: GpuDevice, program: string): Watch {
  const { device } = gpu;
  let wrong: Error | undefined;
  const note = ({ error }: GPUUncapturedErrorEvent): void => {
    wrong ??= uncaptured(gpu, program, error);
  };
  const lost = device.lost.then(
    ({ message, reason }) =>
      (wrong ??= new DeviceLost(program, `the device was lost (${reason}): ${message}`)),
  );
  const throwWrong = (): void => {
    if (wrong !== undefined) throw wrong;
  };
  device.addEventListener("uncapturederror", note);
  return {
    during: async (work) => {
      throwWrong();
      try {
        const result = await work();
        throwWrong();
        return result;
      } catch (error) {
        await Promise.race([lost, aMoment()]);
        throwWrong();
        throw error;
      }
    },
    stop: () => {
      device.removeEventListener("uncapturederror", note);
      // What waits for its turn would work on buffers that are gone.
      wrong ??= new Error(`${program} has left this device`);
    },
  };
}

/** What a lost device refuses is heard before its loss is. */
function aMoment(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 20));
}

/** The classes of errors are no globals in Node, so they are told apart by name. */
function uncaptured(gpu: GpuDevice, program: string, error: GPUError): Error {
  if (error.constructor.name === "GPUOutOfMemoryError") return outOfMemory(gpu, program, error.message);
  if (error.constructor.name === "GPUInternalError")
    return new DeviceFault(
      `the driver of ${gpu.adapter.name} failed while ${program} ran: ${error.message}`,
      "a newer driver may help; the target tfjs needs none",
    );
  return new Error(
    `WebGPU refuses what Margo asks of it for ${program}, which is a bug in Margo; please report it with this text:\n${error.message}`,
  );
}
