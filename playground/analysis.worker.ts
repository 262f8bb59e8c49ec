/** The compiler in a worker, so that typing never waits for it: one question after another, each with its answer. */
import { codeView, curves, entriesOf, libraryText, stagesView, trainable, trainingOf } from "./analysis.ts";
import type { Answer, Answers, Ask, Question } from "./analysis-protocol.ts";

self.addEventListener("message", ({ data }: MessageEvent<Question>) => self.postMessage(answer(data)));

function answer(question: Question): Answer {
  try {
    return { id: question.id, value: valueOf(question) };
  } catch (error) {
    return { id: question.id, bug: error instanceof Error ? error.message : String(error) };
  }
}

function valueOf({ ask, about }: Question): Answers[Ask] {
  switch (ask) {
    case "entries":
      return entriesOf(about.text);
    case "library":
      return libraryText(about.file);
    case "curves":
      return curves(about.text);
    case "stages":
      return stagesView(about.text, about.entry, about.fn, about.target);
    case "code":
      return codeView(about.text, about.entry, about.target);
    case "training":
      return trainingOf(about.text, about.entry);
    case "trainable":
      return trainable(about.text, about.entry, about.offer);
  }
  return ask satisfies never;
}
