/**
 * Functions that kernels may call, as WGSL text: those where WGSL's own promise is too weak (its cosine may be
 * off by 2⁻¹¹, its acos by 7e-5, its tanh may overflow), and the counter-based generator.
 * Sources: sine and cosine after Cephes sinf/cosf and logarithm after Cephes logf (S. Moshier); acos and erf
 * after Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.46 and 7.1.26; Threefry-2x32 as in
 * runtime/random.ts.
 */

/** The text of a helper, without those it calls. Throws for a name that is none. */
export function helperText(name: string): string {
  const text = helpers[name];
  if (text === undefined) throw new Error(`there is no WGSL helper ${name}`);
  return text;
}

/** A helper and those it calls, callees first. */
export function withCallees(name: string): readonly string[] {
  return [...(callees[name] ?? []).flatMap(withCallees), name];
}

const callees: Readonly<Record<string, readonly string[]>> = {
  sine: ["quarter_turns", "sine_near_zero", "cosine_near_zero"],
  cosine: ["quarter_turns", "sine_near_zero", "cosine_near_zero"],
  uniform_number: ["threefry", "random_block"],
  normal_number: ["threefry", "random_block", "logarithm", "sine", "cosine"],
};

const helpers: Readonly<Record<string, string>> = {
  // x less its nearest multiple of π/2, in three steps so that nothing is lost for |x| up to some thousands.
  quarter_turns: `fn quarter_turns(x: f32) -> vec2f {
  let turns = round(x * 0.636619772);
  return vec2f(((x - turns * 1.5703125) - turns * 4.837512969970703e-4) - turns * 7.549789948768648e-8, turns);
}`,
  sine_near_zero: `fn sine_near_zero(x: f32) -> f32 {
  let z = x * x;
  return ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * x + x;
}`,
  cosine_near_zero: `fn cosine_near_zero(x: f32) -> f32 {
  let z = x * x;
  return ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
}`,
  sine: `fn sine(x: f32) -> f32 {
  let near = quarter_turns(x);
  let quadrant = i32(near.y) & 3;
  let size = select(sine_near_zero(near.x), cosine_near_zero(near.x), (quadrant & 1) == 1);
  return select(size, -size, quadrant >= 2);
}`,
  cosine: `fn cosine(x: f32) -> f32 {
  let near = quarter_turns(x);
  let quadrant = (i32(near.y) + 1) & 3;
  let size = select(sine_near_zero(near.x), cosine_near_zero(near.x), (quadrant & 1) == 1);
  return select(size, -size, quadrant >= 2);
}`,
  arc_cosine: `fn arc_cosine(c: f32) -> f32 {
  let x = min(abs(c), 1.0);
  var p = -0.0012624911;
  p = p * x + 0.0066700901;
  p = p * x - 0.0170881256;
  p = p * x + 0.0308918810;
  p = p * x - 0.0501743046;
  p = p * x + 0.0889789874;
  p = p * x - 0.2145988016;
  p = p * x + 1.5707963050;
  let angle = sqrt(1.0 - x) * p;
  return select(angle, 3.14159265359 - angle, c < 0.0);
}`,
  hyperbolic_tangent: `fn hyperbolic_tangent(x: f32) -> f32 {
  let z = x * x;
  let small = x * (1.0 - z * (0.333333333 - z * (0.133333333 - z * 0.0539682540)));
  let decay = exp(-2.0 * min(abs(x), 20.0));
  return select(sign(x) * (1.0 - decay) / (1.0 + decay), small, abs(x) < 0.25);
}`,
  error_function: `fn error_function(x: f32) -> f32 {
  let size = min(abs(x), 6.0);
  let t = 1.0 / (1.0 + 0.3275911 * size);
  let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign(x) * (1.0 - p * exp(-size * size));
}`,
  // quantizeToF16 leaves the direction open, and SwiftShader cuts. What this gives is exact in an f16 buffer.
  round_to_half: `fn round_to_half(x: f32) -> f32 {
  let size = min(abs(x), 65504.0);
  let bits = bitcast<u32>(size);
  let normal = bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
  let small = round(size * 16777216.0) * 5.9604644775390625e-8;
  let rounded = select(normal, small, size < 6.103515625e-5);
  return select(rounded, -rounded, x < 0.0);
}`,
  // WGSL leaves the power of a negative base open.
  power: `fn power(x: f32, y: f32) -> f32 {
  let size = pow(abs(x), y);
  let odd = y == floor(y) && abs(y - 2.0 * floor(0.5 * y)) == 1.0;
  return select(select(size, -size, x < 0.0 && odd), 1.0, y == 0.0);
}`,
  logarithm: `fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  var exponent = f32(i32(bits >> 23u) - 126);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.707106781) {
    exponent = exponent - 1.0;
    m = m + m;
  }
  let f = m - 1.0;
  let z = f * f;
  var p = 7.0376836292e-2;
  p = p * f - 1.1514610310e-1;
  p = p * f + 1.1676998740e-1;
  p = p * f - 1.2420140846e-1;
  p = p * f + 1.4249322787e-1;
  p = p * f - 1.6668057665e-1;
  p = p * f + 2.0000714765e-1;
  p = p * f - 2.4999993993e-1;
  p = p * f + 3.3333331174e-1;
  return ((f * z * p - 2.12194440e-4 * exponent) - 0.5 * z + f) + 0.693359375 * exponent;
}`,
  threefry: `fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var keys = array<u32, 3>(key.x, key.y, 0x1bd11bdau ^ key.x ^ key.y);
  var x = counter.x + keys[0];
  var y = counter.y + keys[1];
  for (var turn = 0u; turn < 20u; turn++) {
    x = x + y;
    let by = rotations[turn % 8u];
    y = ((y << by) | (y >> (32u - by))) ^ x;
    if (turn % 4u == 3u) {
      let injection = (turn + 1u) / 4u;
      x = x + keys[injection % 3u];
      y = y + keys[(injection + 1u) % 3u] + injection;
    }
  }
  return vec2u(x, y);
}`,
  // Two numbers in [0, 1), multiples of 2⁻²⁴, for elements 2i and 2i + 1 of a site.
  random_block: `fn random_block(seed: i32, step: i32, site: i32, index: u32) -> vec2f {
  let key = threefry(vec2u(bitcast<u32>(seed), bitcast<u32>(step)), vec2u(bitcast<u32>(site), 0u));
  return vec2f(threefry(key, vec2u(index / 2u, 0u)) >> vec2u(8u)) * 5.9604644775390625e-8;
}`,
  uniform_number: `fn uniform_number(seed: i32, step: i32, site: i32, index: u32) -> f32 {
  let pair = random_block(seed, step, site, index);
  return select(pair.x, pair.y, index % 2u == 1u);
}`,
  normal_number: `fn normal_number(seed: i32, step: i32, site: i32, index: u32) -> f32 {
  let pair = random_block(seed, step, site, index);
  let radius = sqrt(-2.0 * logarithm(1.0 - pair.x));
  let angle = 6.28318530718 * pair.y;
  return radius * select(cosine(angle), sine(angle), index % 2u == 1u);
}`,
};
