/**
 * Every command with its arguments, flags and help on one page. A command's code is loaded when it is
 * called, so that `margo check` pays for the checker alone.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type BuiltPath,
  builtPathOf,
  builtPaths,
  gpuPaths,
  whyNotBuilt,
} from "../../compiler/codegen/wgsl/capabilities.ts";
import { mostThreads } from "../executors/machine.ts";
import { dataSettings } from "../runs/data-settings.ts";
import { version } from "../version.ts";
import type { ExitCode } from "./terminal.ts";

/** Calls `finish` with the exit code of the command that ran. */
export function margoCommand(finish: (code: ExitCode) => void): Command {
  const margo = new Command("margo")
    .description("Margin losses from formula to trained model: check, differentiate, compile, train.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .showHelpAfterError("(margo -h lists the commands, margo COMMAND -h its flags)")
    .exitOverride();
  margo.addHelpText("after", footer);
  const add = (usage: string, summary: string, details = ""): Command =>
    margo
      .command(usage)
      .summary(summary)
      .description(`${summary}.${details === "" ? "" : `\n\n${details}`}`);
  /** A command of one file whose declarations are picked by a flag, and not by a second argument. */
  const addWithEntry = (...command: Parameters<typeof add>): Command =>
    add(...command).showHelpAfterError("(--entry NAME picks a declaration of the file; -h lists all flags)");

  add(
    "check <file...>",
    "Report mistakes in Margo files",
    "Folders and glob patterns stand for the .margo files in them.",
  )
    .addOption(choice("--format <format>", "how to report", ["text", "json", "sarif"], "text"))
    .action(async (files, options) => finish(await (await import("./check.ts")).check(files, options)));

  add(
    "fmt <file...>",
    "Write Margo files in the one format",
    "Folders and glob patterns stand for the .margo files in them; - formats standard input. Files with a syntax\nerror are left as they are.",
  )
    .option("--check", "write nothing; list what would change and exit 1")
    .action(async (files, options) => finish(await (await import("./fmt.ts")).fmt(files, options)));

  addWithEntry(
    "ir <file>",
    "Print the intermediate representation after a pass",
    "--stage plan shows every buffer and the peak; with --target wgsl, those of the GPU.",
  )
    .option("--entry <name>", "the declaration to compile (default: the only one, or the train)")
    .option("--function <name>", "one of its functions: step, evaluate, embed, value (default: the first)")
    .option(
      "--stage <pass>",
      "lower, decompose, angles, logarithms, pairs, parts, gradient, simplify, narrow, stream, fuse, schedule or plan",
      "plan",
    )
    .addOption(targetOption())
    .addOption(choice("--operands <type>", "what operands of products are rounded to", ["f32", "f16"], "f32"))
    .addOption(repeated("--dim <name=size>", "size of a free dimension, like N=64", dims, {}))
    .addOption(budgetOption())
    .addOption(repeated("--set <name=expression>", "a setting of the entry; may be repeated", settings, {}))
    .option("--json", "machine-readable, sizes in bytes")
    .option("--verify", "check the graph after every pass")
    .action(async (file, options) => finish(await (await import("./ir.ts")).ir(file, options)));

  add(
    "run <file> <entry>",
    "Evaluate a function, layer, model or loss on given inputs",
    'Inputs are JSON { "inputs": {…}, "params": {…}, "state": {…}, "step": 0 } or an npz file with the same names;\nENTRY is any name that FILE declares or imports. Parameters that are not given are initialised.',
  )
    .option("--inputs <file>", "JSON or npz; - reads JSON from standard input")
    .addOption(
      repeated(
        "--set <name=expression>",
        "a setting of the entry, like m=4 or margin=ArcFace(m: 0.3)",
        settings,
        {},
      ),
    )
    .option("--grad", "also the gradients of the sum of the value, for every float input and parameter")
    .addOption(targetOption("reference"))
    .addOption(budgetOption())
    .addOption(
      repeated(
        "--dim <name=size>",
        "a size that the inputs do not settle, like C=10; may be repeated",
        dims,
        {},
      ),
    )
    .option("--seed <number>", "for parameters that are not given", natural, 0)
    .option("--out <file>", "write the result there instead of standard output; .npz writes npz")
    .action(async (file, entry, options) =>
      finish(await (await import("./run.ts")).run(file, entry, options)),
    );

  add(
    "gradcheck <file> [entry...]",
    "Compare analytic with numeric gradients in float64",
    "Random points and the hard ones: c = ±1, θ+m = π, the borders of pieces, zero rows.\nWithout entries, all of the file; further files, folders and patterns may follow.",
  )
    .addOption(repeated("--set <name=expression>", "a setting of the entries", settings, {}))
    .option("--seed <number>", "for the random points", natural, 0)
    .option("--json", "machine-readable")
    .action(async (file, entries, options) =>
      finish(await (await import("./gradcheck.ts")).gradcheck(file, entries, options)),
    );

  addWithEntry(
    "build <file>",
    "Compile to an artifact: a JavaScript module, its types and, for WebGPU, its kernels",
  )
    .addOption(targetOption())
    .addOption(
      repeated(
        "--entry <name>",
        "a declaration to build; may be repeated",
        names,
        [],
        "every train, or every model",
      ),
    )
    .addOption(
      new Option(
        "--gpu <path>",
        "target wgsl: what kernels may use, and so what a device must offer; f16 rounds operands of products (default: plain, which every device runs)",
      )
        .choices(builtPaths)
        .argParser(builtPath),
    )
    .addOption(budgetOption())
    .option("--out <folder>", "where to write", "dist")
    .option("--watch", "build again when the sources change")
    .option("--check", "write nothing; exit 1 when what is there is stale")
    .action(async (file, options) => finish(await (await import("./build.ts")).build(file, options)));

  add(
    "types <file...>",
    "Write the types that imports of Margo files have in a bundler",
    "For the first type check of a fresh checkout; margo-lang/vite writes the same. Folders and glob patterns stand\nfor the .margo files in them.",
  )
    .addOption(choice("--target <target>", "the plugin's option target", ["both", "wgsl", "tfjs"], "both"))
    .addOption(
      repeated(
        "--entry <name>",
        "a declaration to export; may be repeated",
        names,
        [],
        "every train, or every exported fn, model and loss",
      ),
    )
    .option("--check", "write nothing; exit 1 when what is there is stale")
    .action(async (files, options) => finish(await (await import("./types.ts")).types(files, options)));

  addWithEntry(
    "train <file>",
    "Train, with a progress bar, checkpoints and a report",
    "A run is a folder: metrics.jsonl, checkpoint.safetensors, report.html. Ctrl-C keeps a checkpoint.",
  )
    .addOption(
      repeated("--entry <name>", "a train to run; may be repeated", names, [], "every one of the file"),
    )
    .addOption(anyTarget("auto: a hardware GPU if there is one, else tfjs; a resumed run, where it ran"))
    .addOption(
      new Option(
        "--gpu <path>",
        "how the target wgsl computes: plain and subgroups in f32, f16 and matrix with rounded operands of products (default: the fastest in f32)",
      ).choices(gpuPaths),
    )
    .option("--tune", "target wgsl: measure which tiles are fastest for products, once a machine")
    .addOption(threadsOption())
    .addOption(budgetOption())
    .option("--epochs <number>", "stop after so many epochs", positive)
    .option("--steps <number>", "stop after so many steps", positive)
    .addOption(rowLimit())
    .addOption(overrides("override a line of the train, like batch=64"))
    .option("--seed <number>", "the seed of the run", natural)
    .option("--out <folder>", "the run's folder (default: runs/NAME)")
    .addOption(
      new Option(
        "--checkpoint-every <time>",
        "time between checkpoints within an epoch, like 30s, 10min or 2h; there is always one at its end",
      )
        .argParser(seconds)
        .default(600, "10min"),
    )
    .option("--resume <folder>", "go on from a run's checkpoint")
    .option(
      "--from <run>",
      "begin with the weights of another run, or of a safetensors file, where names and shapes are the same",
    )
    .action(async (file, options) => finish(await (await import("./train.ts")).train(file, options)));

  const addOfRun = (usage: string, summary: string, details = ""): Command =>
    add(usage, summary, details)
      .addOption(anyTarget("auto: where it was trained, and tfjs where this machine has no such GPU"))
      .addOption(overrides("override a line of the train, like 'verification=images(\"new\")'"))
      .addOption(threadsOption())
      .option("--best", "take the checkpoint of the best evaluation instead of the last one")
      .addOption(rowLimit());

  addOfRun("eval <run>", "Metrics of a trained run on its validation data")
    .option("--json", "machine-readable")
    .action(async (folder, options) => finish(await (await import("./eval.ts")).evaluate(folder, options)));

  addOfRun(
    "embed <run>",
    "What a trained model makes of rows: features and labels as an npz file",
    "Without --of, the rows of the validation, else of the training data.",
  )
    .addOption(new Option("--of <rows>", "which rows of the train").choices(dataSettings))
    .option("--out <file>", "where to write (default: RUN/features.npz)")
    .action(async (folder, options) => finish(await (await import("./embed.ts")).embed(folder, options)));

  add(
    "plot <file> [margin...]",
    "Draw ψ(θ) and dψ/dθ of margins as SVG, or compare runs",
    'MARGIN is an expression in the names of FILE: margo plot std/margins "LSoftmax(m: 2)" "LSoftmax(m: 4)".\nWithout one, every margin that FILE declares. With run folders instead, it writes a page that compares them.',
  )
    .option("--step <number>", "the training step, for margins with a schedule", natural)
    .option("--out <file>", "write the picture there instead of standard output")
    .action(async (file, margins, options) =>
      finish(await (await import("./plot.ts")).plot(file, margins, options)),
    );

  add(
    "lsp",
    "Serve editors: the language server",
    "An editor starts it and speaks the Language Server Protocol with it over standard input and output.",
  )
    .option("--stdio", "the only way, so it may be left out")
    .action(async () => finish(await (await import("./lsp.ts")).lsp()));

  add("doctor", "What this machine offers and what --target auto would take")
    .option("--json", "machine-readable")
    .action(async (options) => finish(await (await import("./doctor.ts")).doctor(options)));

  return margo;
}

const footer = `
Exit codes: 0 fine, 1 the source, data or a check is at fault, 2 usage, environment or a bug in Margo.
Data goes to standard output, messages and progress to standard error.`;

function choice(flags: string, help: string, values: readonly string[], preset: string): Option {
  return new Option(flags, help).choices(values).default(preset);
}

function targetOption(preset = "tfjs"): Option {
  return choice("--target <target>", "the target to compile for", ["tfjs", "wgsl", "reference"], preset);
}

function anyTarget(meaning: string): Option {
  return choice(
    "--target <target>",
    `where to run; ${meaning}`,
    ["auto", "tfjs", "wgsl", "reference"],
    "auto",
  );
}

function rowLimit(): Option {
  return new Option("--limit <rows>", "use only so many rows of the data, spread evenly").argParser(positive);
}

function overrides(help: string): Option {
  return repeated("--set <name=expression>", help, settings, {});
}

function threadsOption(): Option {
  return new Option(
    "--threads <number>",
    `target tfjs: threads for products and convolutions, at most ${mostThreads} (default: one, or where a step multiplies much one for each processor but one)`,
  ).argParser(threadCount);
}

function threadCount(text: string): number {
  const threads = positive(text);
  if (threads > mostThreads)
    throw new InvalidArgumentError(`tfjs's WebAssembly uses ${mostThreads} threads at most.`);
  return threads;
}

function budgetOption(): Option {
  return new Option(
    "--budget <size>",
    "memory for chunks of classes of a streamed loss, like 256MiB (default: 64MiB; a hardware GPU decides by its size)",
  ).argParser(byteSize);
}

function builtPath(text: string): BuiltPath {
  const path = builtPathOf(text);
  if (path === undefined) throw new InvalidArgumentError(whyNotBuilt(text));
  return path;
}

/** A number with a unit of powers of 1,024, since memory is counted so. */
function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(KiB|MiB|GiB)$/i.exec(text.trim());
  const unit = { kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 }[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError("Write it with its unit, KiB, MiB or GiB, like 256MiB.");
  const bytes = Math.round(Number(match[1]) * unit);
  if (bytes < leastBudget || bytes > mostBudget)
    throw new InvalidArgumentError("It must be between 1MiB and 64GiB.");
  return bytes;
}

/** Below it chunks are of a few classes and launches are all that a step does; above it no device has memory. */
const leastBudget = 2 ** 20;
const mostBudget = 64 * 2 ** 30;

/** A time with its unit, in seconds. */
function seconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(s|min|h)$/.exec(text.trim());
  const unit = { s: 1, min: 60, h: 3600 }[match?.[2] ?? ""];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError("Write it with its unit, s, min or h, like 10min.");
  return Number(match[1]) * unit;
}

/** A flag that may be given several times; that it begins with nothing is no news. */
function repeated<T>(
  flags: string,
  help: string,
  add: (text: string, earlier: T) => T,
  none: T,
  without = "none",
): Option {
  return new Option(flags, help).argParser(add).default(none, without);
}

function names(text: string, earlier: readonly string[]): string[] {
  return [...earlier, text];
}

function settings(text: string, earlier: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write it as name=expression.");
  return { ...earlier, [text.slice(0, at).trim()]: text.slice(at + 1) };
}

function dims(text: string, earlier: Readonly<Record<string, number>>): Record<string, number> {
  const match = /^([^=\s]+)=(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("Write it as name=size, like N=64.");
  return { ...earlier, [match[1] ?? ""]: positive(match[2] ?? "") };
}

function integer(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It must be a whole number.");
  return value;
}

function natural(text: string): number {
  const value = integer(text);
  if (value < 0) throw new InvalidArgumentError("It must be at least 0.");
  return value;
}

function positive(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError("It must be at least 1.");
  return value;
}
