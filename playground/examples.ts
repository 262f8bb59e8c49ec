/** The menu of examples: whole files, each of which also runs from the command line. */
import arcface from "./examples/arcface.margo?raw";
import curricular from "./examples/curricular.margo?raw";
import curves from "./examples/curves.margo?raw";
import lSoftmax from "./examples/l-softmax.margo?raw";
import ownMargin from "./examples/own-margin.margo?raw";

export interface Example {
  readonly name: string;
  readonly text: string;
}

export const examples: readonly [Example, ...Example[]] = [
  { name: "A margin of your own", text: ownMargin },
  { name: "L-Softmax", text: lSoftmax },
  { name: "ArcFace", text: arcface },
  { name: "A margin with a state", text: curricular },
  { name: "Curves side by side", text: curves },
];
