/**
 * Variables larger than a device binds lie in several buffers, their shards: each but the last has the same whole number
 * of rows of the first axis. The number is a multiple of 128, so that every chunk of rows begins at an offset that any
 * device allows.
 */
const rowsTogether = 128;

/** Rows of a shard; undefined where one buffer holds all, and where not even a few rows fit. */
export function rowsPerShard(bytes: number, rows: number, mostBytes: number): number | undefined {
  if (bytes <= mostBytes || rows === 0) return undefined;
  const most = Math.floor(mostBytes / (bytes / rows) / rowsTogether) * rowsTogether;
  return most === 0 ? undefined : most;
}

/** Bytes of each shard; the variable's own where there is one. */
export function shardBytes(bytes: number, rows: number, mostBytes: number): readonly number[] {
  const each = rowsPerShard(bytes, rows, mostBytes);
  if (each === undefined) return [bytes];
  const row = bytes / rows;
  return Array.from(
    { length: Math.ceil(rows / each) },
    (_, index) => row * Math.min(each, rows - index * each),
  );
}

/** The most bytes of one buffer that kernels can bind. */
export function mostBytesOf({ limits }: GPUDevice): number {
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}
