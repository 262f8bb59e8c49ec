/**
 * How element-wise kernels walk over operands that broadcast: axes that run together are merged, and what
 * is left is a few outer axes around one innermost run, in which an operand either advances by one or
 * stands still. A kernel is then a loop over one run.
 */

export interface Walk {
  /** Length of the innermost run, and for each operand its step there: 1, or 0 where it stands still. */
  readonly run: number;
  readonly steps: readonly (0 | 1)[];
  readonly outer: readonly Axis[];
}

interface Axis {
  readonly size: number;
  readonly strides: readonly number[];
}

/** NumPy's broadcasting rule on known sizes. Throws when two sizes differ and neither is 1. */
export function broadcastSizes(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1 || own === size) continue;
      if (size !== 1) throw new Error(`[${shapes.join("] and [")}] do not broadcast`);
      size = own;
    }
    return size;
  });
}

export function planWalk(result: readonly number[], shapes: readonly (readonly number[])[]): Walk {
  const axes: Axis[] = [];
  const widths = shapes.map(() => 1);
  for (let axis = result.length - 1; axis >= 0; axis--) {
    const size = result[axis] ?? 1;
    const strides = shapes.map((shape, operand) => {
      const own = shape[axis - result.length + shape.length] ?? 1;
      const width = widths[operand] ?? 1;
      widths[operand] = width * own;
      return own === 1 ? 0 : width;
    });
    if (size === 1) continue;
    const inner = axes[0];
    if (inner !== undefined && inner.strides.every((stride, i) => stride * inner.size === strides[i]))
      axes[0] = { size: size * inner.size, strides: inner.strides };
    else axes.unshift({ size, strides });
  }
  const run = axes.pop() ?? { size: 1, strides: shapes.map(() => 0) };
  return { run: run.size, steps: run.strides.map((stride) => (stride === 0 ? 0 : 1)), outer: axes };
}

/** Calls `visit` for every run, with the offset of each operand; the result advances by `run` each time. */
export function forEachRun(walk: Walk, visit: (offsets: readonly number[], result: number) => void): void {
  const offsets = walk.steps.map(() => 0);
  const counters = walk.outer.map(() => 0);
  const runs = walk.outer.reduce((product, axis) => product * axis.size, 1);
  for (let index = 0; index < runs; index++) {
    visit(offsets, index * walk.run);
    advance(walk.outer, counters, offsets);
  }
}

function advance(axes: readonly Axis[], counters: number[], offsets: number[]): void {
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const { size, strides } = axes[axis] as Axis;
    const count = (counters[axis] ?? 0) + 1;
    const wraps = count === size;
    counters[axis] = wraps ? 0 : count;
    for (let operand = 0; operand < offsets.length; operand++) {
      const stride = strides[operand] ?? 0;
      offsets[operand] = (offsets[operand] ?? 0) + (wraps ? -stride * (size - 1) : stride);
    }
    if (!wraps) return;
  }
}
