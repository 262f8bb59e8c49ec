/**
 * The names that arguments of a builtin can be given by, with what the editor says about them. Settings of data readers
 * come from the readers' own table; of the rest only those need words that many builtins share.
 */
import type { BuiltinName } from "../../compiler/check/builtins/builtin.ts";
import { isReaderName } from "../../compiler/check/builtins/data.ts";
import { builtins } from "../../compiler/check/builtins/table.ts";
import { type OptionKinds, kindWords, readerOptions } from "../data/settings.ts";
import { type Word, word } from "./vocabulary.ts";

/** In the order of the signature; a type or doc that nobody wrote is empty. */
export function argumentsOf(name: BuiltinName): readonly Word[] {
  const own = builtins[name].parameters.map((parameter) => parameter.replace("?", ""));
  return [
    ...own
      .filter((parameter) => parameter !== "...")
      .map((parameter) => shared.find((one) => one.name === parameter) ?? word(parameter, "", "")),
    ...(isReaderName(name) ? settingsOf(readerOptions[name]) : []),
  ];
}

const shared = [
  word(
    "over",
    "axes",
    "Along which axes: dimensions (`over: C`) or positions (`over: -1` is the last), one or a list; `...` are those that `...` of a type stands for.",
  ),
  word("keep", "bool", "Whether the axes stay, with size 1. Without it they go."),
];

function settingsOf(options: OptionKinds): readonly Word[] {
  return Object.entries(options).map(([name, { kind, doc }]) => word(name, kindWords[kind], sentence(doc)));
}

function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}
