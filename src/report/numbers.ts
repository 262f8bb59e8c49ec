/** Numbers as people read them; the same in reports, on the terminal and in the demo. */

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** A share that may be small: 10 %, 0.1 %, 0.001 %. */
export function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

export function degrees(angle: number): string {
  return Number.isFinite(angle) ? `${angle.toFixed(1)}°` : "–";
}

/** Five digits behind the point, since a threshold is copied from here and those near 1 lie close together. */
export function cosineText(cosine: number): string {
  return cosine.toFixed(5);
}

/** 12,345 */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Three significant digits. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
}

/** 8 s, 3 min 05 s, 1 h 02 min */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** 12.3 MB, in powers of 1024. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toFixed(scaled < 10 ? 2 : 1)} ${units[power] ?? "B"}`;
}
