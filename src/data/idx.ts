/**
 * IDX, the format of MNIST: two zero bytes, an element type, a rank, big-endian sizes, the elements.
 * https://yann.lecun.com/exdb/mnist/ describes it.
 */
import type { RuntimeFault } from "../../runtime/errors.ts";
import type { DataArray } from "./array.ts";
import { dataFaults } from "./faults.ts";
import type { DataFile } from "./files.ts";
import { type Numbers, doubles, floats, integers } from "./numbers.ts";
import { otherKind } from "./signatures.ts";

export function readIdx(file: DataFile): DataArray | RuntimeFault {
  const { name, bytes } = file;
  const refuse = (reason: string) => dataFaults.badFile(name, "IDX", reason);
  if (bytes.length < 4) return refuse(`it has ${bytes.length} bytes, its header takes at least 4`);
  const [zero, nought, code = 0, rank = 0] = bytes;
  if (zero !== 0 || nought !== 0)
    return otherKind(file, "IDX", `it begins with ${hex(bytes.subarray(0, 4))}, not with two zero bytes`);
  const type = elementTypes.get(code);
  if (type === undefined)
    return refuse(`its element type is 0x${code.toString(16).padStart(2, "0")}, which IDX does not know`);
  if (rank === 0) return refuse("it has no axes");
  const begin = 4 + 4 * rank;
  if (bytes.length < begin)
    return refuse(`its header of ${rank} axes takes ${begin} bytes, but it has ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, size) => product * size, 1);
  const found = bytes.length - begin;
  if (count * type.bytes !== found)
    return refuse(
      `its header says [${shape.join(", ")}], which takes ${count * type.bytes} bytes, but ${found} follow`,
    );
  return { name, shape, data: type.read(view, begin, count) };
}

interface IdxType {
  readonly bytes: number;
  readonly read: (view: DataView, begin: number, count: number) => Numbers;
}

const elementTypes: ReadonlyMap<number, IdxType> = new Map<number, IdxType>([
  [
    0x08,
    { bytes: 1, read: (view, begin, count) => new Uint8Array(view.buffer, view.byteOffset + begin, count) },
  ],
  [0x09, { bytes: 1, read: (view, begin, count) => integers(count, (i) => view.getInt8(begin + i)) }],
  [0x0b, { bytes: 2, read: (view, begin, count) => integers(count, (i) => view.getInt16(begin + 2 * i)) }],
  [0x0c, { bytes: 4, read: (view, begin, count) => integers(count, (i) => view.getInt32(begin + 4 * i)) }],
  [0x0d, { bytes: 4, read: (view, begin, count) => floats(count, (i) => view.getFloat32(begin + 4 * i)) }],
  [0x0e, { bytes: 8, read: (view, begin, count) => doubles(count, (i) => view.getFloat64(begin + 8 * i)) }],
]);

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
