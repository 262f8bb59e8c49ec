/**
 * Two ways to do the same, one for short lines and one for long ones. Where the length is known the right one is written;
 * else both are, and the sizes of a call decide: a dispatch of no workgroups does not run, nor is its kernel compiled.
 */
import {
  type Dim,
  addDims,
  constantDim,
  knownSize,
  multiplyDims,
  quotientDims,
  subtractDims,
} from "../../ir/dim.ts";
import type { Sink } from "./sink.ts";

export function emitBySize(
  sink: Sink,
  length: Dim,
  most: number,
  ways: { readonly short: (sink: Sink) => void; readonly long: (sink: Sink) => void },
): void {
  const known = knownSize(length);
  if (known !== undefined) return known <= most ? ways.short(sink) : ways.long(sink);
  const isLong = isMore(length, most);
  ways.short(times(sink, subtractDims(constantDim(1), isLong)));
  ways.long(times(sink, isLong));
}

/** 1 where a size is more than a number, else 0. */
function isMore(size: Dim, than: number): Dim {
  const often = quotientDims(size, constantDim(than + 1));
  return quotientDims(addDims(often, constantDim(mostOften)), constantDim(mostOften + 1));
}

/** No size of 32 bits is as many times as large. */
const mostOften = 2 ** 24;

/** A sink whose dispatches have so many times their workgroups. */
function times(sink: Sink, factor: Dim): Sink {
  return {
    ...sink,
    kernel: (description, write) =>
      sink.kernel(description, (context) => multiplyDims(write(context), factor)),
  };
}
