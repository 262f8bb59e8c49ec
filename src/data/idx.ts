/**
 * IDX, the format of MNIST: two zero bytes, an element type, a rank, big-endian sizes, the elements.
 * https://yann.lecun.com/exdb/mnist/ describes it.
 */
import type { RuntimeFault } from "../../runtime/errors.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, stretchOf } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { type Numbers, doubles, floats, integers } from "./numbers.ts";
import { otherKind } from "./signatures.ts";
import type { StoredArray } from "./stored-array.ts";

export function readIdx(source: ByteSource): StoredArray | RuntimeFault {
  const { name, size } = source;
  const refuse = (reason: string) => dataFaults.badFile(name, "IDX", reason);
  if (size < 4) return refuse(`it has ${size} bytes, its header takes at least 4`);
  const head = bytesOf(source, 0, 4);
  const [zero, nought, code = 0, rank = 0] = head;
  if (zero !== 0 || nought !== 0)
    return otherKind(source, "IDX", `it begins with ${hex(head)}, not with two zero bytes`);
  const type = elementTypes.get(code);
  if (type === undefined)
    return refuse(`its element type is 0x${code.toString(16).padStart(2, "0")}, which IDX does not know`);
  if (rank === 0) return refuse("it has no axes");
  const begin = 4 + 4 * rank;
  if (size < begin) return refuse(`its header of ${rank} axes takes ${begin} bytes, but it has ${size}`);
  const view = new DataView(bytesOf(source, 4, begin).buffer);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis));
  const count = shape.reduce((product, length) => product * length, 1);
  const found = size - begin;
  if (count * type.bytes !== found)
    return refuse(
      `its header says [${shape.join(", ")}], which takes ${count * type.bytes} bytes, but ${found} follow`,
    );
  const decode = (bytes: Uint8Array): Numbers =>
    type.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length / type.bytes);
  return {
    name,
    shape,
    elements: { bytes: type.bytes, decode },
    source: stretchOf(source, name, begin, found),
  };
}

interface IdxType {
  readonly bytes: number;
  readonly read: (view: DataView, count: number) => Numbers;
}

const elementTypes: ReadonlyMap<number, IdxType> = new Map<number, IdxType>([
  [0x08, { bytes: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) }],
  [0x09, { bytes: 1, read: (view, count) => integers(count, (i) => view.getInt8(i)) }],
  [0x0b, { bytes: 2, read: (view, count) => integers(count, (i) => view.getInt16(2 * i)) }],
  [0x0c, { bytes: 4, read: (view, count) => integers(count, (i) => view.getInt32(4 * i)) }],
  [0x0d, { bytes: 4, read: (view, count) => floats(count, (i) => view.getFloat32(4 * i)) }],
  [0x0e, { bytes: 8, read: (view, count) => doubles(count, (i) => view.getFloat64(8 * i)) }],
]);

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
