/**
 * Several runs on one page: the same pictures side by side, so that what a margin does can be seen. The
 * pictures of the plane come first, then angles and curves, then a table of the numbers.
 */
import { condensed, lineSeries, stepAxis } from "./chart-parts.ts";
import {
  acceptChart,
  angleHistogram,
  angleReach,
  equalErrorChart,
  matchChart,
  pairHistogram,
  pairReach,
  planePicture,
} from "./feature-charts.ts";
import { escapeHtml, figures, page, section, wideTable } from "./html.ts";
import { degrees, percent } from "./numbers.ts";
import { headline } from "./report.ts";
import type { RunData } from "./run-data.ts";
import { drawInline, legend, valueAxis } from "./svg.ts";
import { classColor } from "./theme.ts";

/** `links` are the pages of the runs, in the same order. */
export function renderComparison(runs: readonly RunData[], links: readonly string[]): string {
  const parts = [
    heading(runs),
    table(runs, links),
    planes(runs),
    histograms(runs),
    retrieved(runs),
    verified(runs),
    curves(runs),
  ];
  return page(`${runs.map(({ name }) => name).join(", ")} · Margo`, parts.join("\n"));
}

function heading(runs: readonly RunData[]): string {
  return `<h1>${runs.length} runs compared</h1>\n<p class="lead">${escapeHtml(runs.map(({ name }) => name).join(" · "))}</p>`;
}

function table(runs: readonly RunData[], links: readonly string[]): string {
  const facts = runs.map((run) => new Map(headline(run)));
  const names = [...new Set(facts.flatMap((fact) => [...fact.keys()]))];
  const head = names.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  const rows = runs.map((run, index) => {
    const cells = names.map((name) => `<td>${escapeHtml(facts[index]?.get(name) ?? "–")}</td>`).join("");
    return `<tr><td><a href="${escapeHtml(links[index] ?? "#")}">${escapeHtml(run.name)}</a></td>${cells}</tr>`;
  });
  return wideTable(
    "Numbers of the runs",
    `<thead><tr><th scope="col">run</th>${head}</tr></thead><tbody>${rows.join("")}</tbody>`,
  );
}

function planes(runs: readonly RunData[]): string {
  const pictures = runs.flatMap(({ name, evaluation }) => {
    const { picture, angles, classNames } = evaluation ?? {};
    if (picture === undefined || angles === undefined) return [];
    const caption = `mean angle to the own class ${degrees(angles.own.mean)}`;
    return [{ svg: planePicture(picture, classNames), title: name, caption }];
  });
  if (pictures.length === 0) return "";
  const note =
    "One point a row, coloured by its class; the rays are the class directions. A larger margin makes each class a narrower ray.";
  return section("Features on the plane", figures(pictures), note);
}

function histograms(runs: readonly RunData[]): string {
  const measured = runs.flatMap(({ name, evaluation }) =>
    evaluation?.angles === undefined ? [] : [{ name, angles: evaluation.angles }],
  );
  const reach = Math.max(...measured.map(({ angles }) => angleReach(angles)));
  const pictures = measured.map(({ name, angles }) => ({ svg: angleHistogram(angles, reach), title: name }));
  return pictures.length === 0 ? "" : section("Angles to the class directions", figures(pictures));
}

function verified(runs: readonly RunData[]): string {
  const found = runs.flatMap(({ name, evaluation }) =>
    evaluation?.verification === undefined ? [] : [{ name, ...evaluation.verification }],
  );
  if (found.length === 0) return "";
  const reach = Math.max(...found.map(pairReach));
  const followed = runs.filter(({ verification }) => verification.length > 1);
  const pictures = [
    { svg: acceptChart(found), title: "Pairs accepted" },
    ...(followed.length === 0
      ? []
      : [{ svg: equalErrorChart(followed), title: "Equal error rate after each epoch" }]),
    ...found.map((one) => ({ svg: pairHistogram(one, reach), title: one.name })),
  ];
  const note =
    "Pairs of rows, of classes that need not be among the trained ones: accepted where the cosine of their features is above a threshold.";
  return section("Verification", figures(pictures), note);
}

function retrieved(runs: readonly RunData[]): string {
  const ways = runs.flatMap(({ name, evaluation }) =>
    (evaluation?.retrieval?.ways ?? []).slice(0, 1).map(({ curve, from, to }) => ({ name, curve, from, to })),
  );
  const [first] = ways;
  if (first === undefined) return "";
  const picture = { svg: matchChart(ways), title: "Partners found" };
  return section("Retrieval", figures([picture]), `From ${first.from} to ${first.to}, after the last epoch.`);
}

function curves(runs: readonly RunData[]): string {
  const longest = runs.reduce((a, b) => ((a.steps.at(-1)?.step ?? 0) >= (b.steps.at(-1)?.step ?? 0) ? a : b));
  const chart = (name: string, series: readonly object[], more: object) =>
    drawInline(
      {
        grid: { left: 52, right: 20, top: 36, bottom: 44 },
        legend: legend(),
        xAxis: stepAxis(longest.steps),
        yAxis: valueAxis(name, { nameGap: 36, ...more }),
        series,
      },
      { width: 560, height: 300 },
      `${name} of all runs`,
    );
  const lines = (valueOf: (step: RunData["steps"][number]) => number | undefined): readonly object[] =>
    runs.map(({ name, steps }, index) => lineSeries(name, classColor(index), condensed(steps, valueOf)));
  const share = ({ accuracy }: RunData["steps"][number]): number | undefined =>
    accuracy === undefined ? undefined : accuracy * 100;
  const scored = runs.some(({ steps }) => steps.some((step) => step.accuracy !== undefined));
  const pictures = [
    {
      title: "Training loss",
      svg: chart(
        "training loss",
        lines(({ loss }) => loss),
        { min: 0 },
      ),
    },
    ...(scored
      ? [
          {
            title: "Training accuracy",
            svg: chart("training accuracy, %", lines(share), { min: lowest(runs), max: 100 }),
            caption: `Validation accuracy at the end: ${runs.map(endAccuracy).join(", ")}.`,
          },
        ]
      : []),
    ...metricNames(runs).map((name) => ({
      title: name,
      svg: chart(
        `training ${name}`,
        lines(({ metrics }) => metrics?.[name]),
        { scale: true },
      ),
    })),
  ];
  return section("Curves", figures(pictures));
}

/** The metrics that the runs made for themselves. */
function metricNames(runs: readonly RunData[]): readonly string[] {
  return [...new Set(runs.flatMap(({ steps }) => steps.flatMap(({ metrics = {} }) => Object.keys(metrics))))];
}

function endAccuracy({ name, validation }: RunData): string {
  const accuracy = validation.at(-1)?.accuracy;
  return `${name} ${accuracy === undefined ? "–" : percent(accuracy)}`;
}

/** Where the accuracy axis begins: the first steps of a run would flatten the rest. */
function lowest(runs: readonly RunData[]): number {
  const later = runs.flatMap(({ steps }) =>
    condensed(steps, ({ accuracy }) => accuracy).slice(Math.floor(Math.min(steps.length, 240) / 5)),
  );
  const low = Math.min(1, ...later.map(([, accuracy]) => accuracy));
  return Math.max(0, Math.floor(low * 10) * 10);
}
