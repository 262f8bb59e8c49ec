export type Loop = (
  a: number,
  stepA: number,
  b: number,
  stepB: number,
  result: number,
  count: number,
) => void;
export interface SimdLoops {
  readonly unary: {
    readonly [name: string]: ((x: number, result: number, count: number) => void) | undefined;
  };
  readonly binary: { readonly [K in "float32" | "int32"]: { readonly [name: string]: Loop | undefined } };
  readonly select: (
    condition: number,
    stepC: number,
    a: number,
    stepA: number,
    b: number,
    stepB: number,
    result: number,
    count: number,
  ) => void;
}
export function simdLoops(_: WebAssembly.Memory): SimdLoops | undefined {
  return undefined;
}
