/** What verification found, in the terms of the field; the same on the terminal and in reports. */
import type { VerificationScores } from "../looks/verification.ts";
import { percent, shareText } from "./numbers.ts";
import type { Fact } from "./run-data.ts";

/** TAR and FAR are shares of accepted pairs: of one class (true) and of two (false). */
export function verificationFacts({ equalErrorRate, rates, recallAt1 }: VerificationScores): readonly Fact[] {
  return [
    ["equal error rate", percent(equalErrorRate)],
    ...rates.map(({ falseAcceptRate, trueAcceptRate }): Fact => [
      `TAR at FAR ${shareText(falseAcceptRate)}`,
      percent(trueAcceptRate),
    ]),
    ["recall at 1", percent(recallAt1)],
  ];
}

/** The three numbers that say most: of the accept rates the one at the strictest threshold. */
export function verificationHeadline(scores: VerificationScores): readonly Fact[] {
  return verificationFacts({ ...scores, rates: scores.rates.slice(-1) });
}
