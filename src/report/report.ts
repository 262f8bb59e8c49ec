/**
 * The report of one run: what came out, how it went, where the rows lie among the classes, and everything
 * that is needed to run it again. One HTML file that needs nothing else.
 */
import { accuracyChart, lossChart, metricCharts, traceCharts } from "./charts.ts";
import {
  acceptChart,
  angleHistogram,
  confusionPicture,
  equalErrorChart,
  matchChart,
  pairHistogram,
  planePicture,
} from "./feature-charts.ts";
import { classNumbers } from "../looks/class-variables.ts";
import { classNumbersFigure } from "./class-charts.ts";
import { type Figure, cards, escapeHtml, factTable, figures, page, section } from "./html.ts";
import { cosineText, count, degrees, duration, percent, significant } from "./numbers.ts";
import { confusionOf } from "../looks/confusion.ts";
import { labelMapFigures } from "./label-map-charts.ts";
import type { Fact, RunData } from "./run-data.ts";
import { recallText, wayName } from "./retrieval-text.ts";
import { verificationFacts, verificationHeadline } from "./verification-facts.ts";
import { degreesOf } from "../looks/angle-statistics.ts";
import type { EvaluationRecord } from "../looks/feature-look.ts";
import type { VerificationStatistics } from "../looks/verification.ts";

export function renderReport(run: RunData): string {
  const parts = [
    heading(run),
    cards(headline(run)),
    curves(run),
    features(run),
    labelMaps(run),
    ofClasses(run),
    retrieved(run),
    verified(run),
    mistakes(run),
    record(run),
    source(run),
  ];
  return page(`${run.name} · Margo`, parts.join("\n"));
}

function heading({ name, doc, source }: RunData): string {
  return `<h1>${escapeHtml(name)}</h1>\n<p class="lead">${escapeHtml(doc ?? source.file)}</p>`;
}

/** The numbers at the top; the comparison of runs shows the same. */
export function headline(run: RunData): readonly Fact[] {
  const last = run.validation.at(-1) ?? run.training.at(-1);
  const what = run.validation.length > 0 ? "validation" : "training";
  const angles = run.evaluation?.angles;
  return [
    ...(last?.accuracy === undefined ? [] : [[`${what} accuracy`, percent(last.accuracy)] as const]),
    ...(last === undefined ? [] : [[`${what} loss`, significant(last.loss)] as const]),
    ...(angles === undefined
      ? []
      : ([
          ["mean angle to own class", degrees(angles.own.mean)],
          ["mean angle to nearest other", degrees(angles.nearestOther.mean)],
        ] as const)),
    ...(run.evaluation?.verification === undefined ? [] : verificationHeadline(run.evaluation.verification)),
    ...Object.entries(last?.metrics ?? {}).map(
      ([name, value]) => [`${what} ${name}`, significant(value)] as const,
    ),
    ...bestFact(run),
    ["steps", count(run.steps.at(-1)?.step ?? 0)],
    ["time", duration(run.seconds)],
    ...(run.rowsPerSecond === undefined
      ? []
      : [["rows a second", count(Math.round(run.rowsPerSecond))] as const]),
  ];
}

/** Where the end was not the best. */
function bestFact({ best, steps }: RunData): readonly Fact[] {
  if (best === undefined || best.step === steps.at(-1)?.step) return [];
  const { measure, value, step } = best;
  const shown = measure === "validation loss" ? significant(value) : percent(value);
  return [[`best ${measure}`, `${shown} (step ${count(step)})`]];
}

function curves(run: RunData): string {
  const accuracy = accuracyChart(run);
  const pictures = [
    { svg: lossChart(run), title: "Loss" },
    ...(accuracy === undefined ? [] : [{ svg: accuracy, title: "Accuracy" }]),
    ...metricCharts(run),
    ...traceCharts(run).map((svg) => ({ svg })),
  ];
  return section(
    "Training",
    figures(pictures),
    [
      `Training values are means over stretches of steps${accuracy === undefined ? "" : ", with the margin on"}.`,
      ...(run.validation.length === 0
        ? []
        : [
            `Validation follows each epoch${accuracy === undefined ? "" : "; its accuracy is taken with the margin off"}.`,
          ]),
    ].join(" "),
  );
}

function features({ evaluation }: RunData): string {
  if (evaluation?.angles === undefined) return "";
  const { angles, picture, classNames } = evaluation;
  const plane: Figure[] =
    picture === undefined
      ? []
      : [
          {
            svg: planePicture(picture, classNames),
            title: "Features on the plane",
            caption: "One point a row, coloured by its class; the rays are the class directions.",
          },
        ];
  const histogram: Figure = {
    svg: angleHistogram(angles),
    title: "Angles to the class directions",
    caption: `Mean to the own class ${degrees(angles.own.mean)}, to the nearest other class ${degrees(angles.nearestOther.mean)}.`,
  };
  return section("Where the rows lie", figures([...plane, histogram]), `Of ${rowsOf(evaluation)}.`);
}

function labelMaps({ evaluation }: RunData): string {
  const { labelMaps: maps = [], classNames, on } = evaluation ?? {};
  return maps.length === 0
    ? ""
    : section(
        "Maps of classes",
        figures(labelMapFigures(maps, classNames)),
        `The first ${on} rows, after the last epoch.`,
      );
}

function ofClasses({ evaluation }: RunData): string {
  const { classNumbers: kept = [], metricsByClass = {}, classNames } = evaluation ?? {};
  const measured = Object.entries(metricsByClass).map(([name, values]) => classNumbers(name, values));
  const pictures = [...measured, ...kept].map((numbers) => classNumbersFigure(numbers, classNames));
  const notes = [
    ...(measured.length === 0 ? [] : ["Metrics of each class that is there."]),
    ...(kept.length === 0
      ? []
      : ["What the loss and its margins keep for each class, after the last epoch."]),
  ];
  return pictures.length === 0 ? "" : section("Numbers of each class", figures(pictures), notes.join(" "));
}

function verified(run: RunData): string {
  const found = run.evaluation?.verification;
  if (found === undefined) return "";
  const { rows, classes, samePairs, differentPairs, same, different, threshold, curve } = found;
  const pictures: Figure[] = [
    {
      svg: pairHistogram(found),
      title: "Angles between rows",
      caption: `Mean between rows of one class ${degrees(same.mean)}, of two ${degrees(different.mean)}.`,
    },
    {
      svg: acceptChart([{ name: run.name, curve }]),
      title: "Pairs accepted",
      caption: `At thresholds of their own: ${verificationFacts(found)
        .map((fact) => fact.join(" "))
        .join(", ")}.`,
    },
    ...(run.verification.length < 2
      ? []
      : [{ svg: equalErrorChart([run]), title: "Equal error rate after each epoch" }]),
    ...nearestClasses(found),
  ];
  const note = `Every pair of ${count(rows)} rows of ${count(classes)} classes: ${count(samePairs)} pairs of one class, ${count(differentPairs)} of two. Two rows are taken for one class where the cosine of their features is above a threshold; at ${cosineText(threshold)} (${degrees(degreesOf(threshold))}) both kinds of error are equally frequent.`;
  return section("Verification", figures(pictures), note);
}

function retrieved({ evaluation }: RunData): string {
  if (evaluation?.retrieval === undefined) return "";
  const { rows, ways } = evaluation.retrieval;
  const named = ways.map((way) => ({ name: wayName(way), curve: way.curve }));
  const caption = ways.map((way) => `${wayName(way)}: ${recallText(way)}.`).join(" ");
  const picture = { svg: matchChart(named), title: "Partners found", caption };
  const note = `Each of ${count(rows)} ${evaluation.on} rows looks for its partner, the row of the same place, among all rows of the other model, by the cosine of their features.`;
  return section("Retrieval", figures([picture]), note);
}

/** Which of the classes that were not trained lie close to each other. */
function nearestClasses({ nearest = [], classNames }: VerificationStatistics): readonly Figure[] {
  const confusion = confusionOf(nearest);
  if (confusion.errors === 0) return [];
  const { errors, rows } = confusion;
  const svg = confusionPicture(confusion, classNames, "class of the nearest row");
  const caption = `The nearest other row of ${count(errors)} of ${count(rows)} rows is of another class; per cent of each true class's rows.`;
  return [{ svg, title: "Nearest rows", caption }];
}

function mistakes({ evaluation }: RunData): string {
  if (evaluation?.confusions === undefined) return "";
  const confusion = confusionOf(evaluation.confusions);
  if (confusion.errors === 0) return "";
  const picture = {
    svg: confusionPicture(confusion, evaluation.classNames),
    caption: "Per cent of each true class's rows.",
  };
  const note = `${count(confusion.errors)} of ${count(confusion.rows)} rows are wrong.`;
  return section("What is taken for what", figures([picture]), note);
}

function rowsOf({ angles, rows, on }: EvaluationRecord): string {
  return `${count(angles?.rows ?? rows)} ${on} rows`;
}

function record({ settings, machine }: RunData): string {
  return section(
    "Settings and machine",
    `<div class="two">${factTable(settings)}${factTable(machine)}</div>`,
  );
}

function source({ source: { file, text } }: RunData): string {
  return `<section><details><summary>${escapeHtml(file)}</summary><pre>${escapeHtml(text)}</pre></details></section>`;
}
