/**
 * The call hierarchy in the protocol's words. An item carries the workspace and the name of its declaration, so that the
 * steps after the first find it again whatever was edited, and a declaration of the library its callers in the workspace.
 */
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyIncomingCallsParams,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type CallHierarchyOutgoingCallsParams,
  type CallHierarchyPrepareParams,
  type Range,
} from "vscode-languageserver";
import {
  type Call,
  type CallItem,
  callItemAt,
  callItemNamed,
  incomingCalls,
  outgoingCalls,
} from "../ide/call-hierarchy.ts";
import type { Documents } from "../ide/documents.ts";
import { type Session, askedOf, documentsOf, offsetOf, rangeOf, uriOf, workspacesUsing } from "./session.ts";
import { symbolKinds } from "./tree.ts";

export function prepareCalls(
  session: Session,
  { textDocument, position }: CallHierarchyPrepareParams,
): CallHierarchyItem[] | null {
  const asked = askedOf(session, textDocument);
  const item = callItemAt(asked.documents, asked.analysis, offsetOf(asked, position));
  return item === undefined ? null : itemsOf(session, asked.root, item);
}

export function incoming(
  session: Session,
  { item }: CallHierarchyIncomingCallsParams,
): CallHierarchyIncomingCall[] {
  const { root, file, name } = carriedBy(item);
  const calls = new Map<string, CallHierarchyIncomingCall>();
  for (const [workspace, documents] of workspacesUsing(session, root, file)) {
    const called = callItemNamed(documents, file, name);
    for (const call of called === undefined ? [] : incomingCalls(documents, called))
      for (const from of itemsOf(session, workspace, call.item)) {
        const key = `${from.uri} ${from.name}`;
        // Callers in the library are the same in every workspace.
        if (!calls.has(key)) calls.set(key, { from, fromRanges: rangesOf(documents, call.item.file, call) });
      }
  }
  return [...calls.values()];
}

export function outgoing(
  session: Session,
  { item }: CallHierarchyOutgoingCallsParams,
): CallHierarchyOutgoingCall[] {
  const { root, file, name } = carriedBy(item);
  const documents = session.workspaces.get(root);
  const caller = documents === undefined ? undefined : callItemNamed(documents, file, name);
  if (documents === undefined || caller === undefined) return [];
  return outgoingCalls(documents, caller).flatMap((call) =>
    itemsOf(session, root, call.item).map((to) => ({
      to,
      fromRanges: rangesOf(documents, caller.file, call),
    })),
  );
}

/** What an item carries of its own. */
interface Carried {
  readonly root: string;
  readonly file: string;
  readonly name: string;
}

/** The protocol's type for it is `any`; parameters.ts has looked whether all of it is there. */
function carriedBy({ data }: CallHierarchyItem): Carried {
  return data;
}

/** One item; none where its file has gone. */
function itemsOf(session: Session, root: string, { file, declaration }: CallItem): CallHierarchyItem[] {
  const analysis = documentsOf(session, root).analysis(file);
  if (analysis === undefined) return [];
  const { name, kind, span } = declaration;
  const data: Carried = { root, file, name: name.name };
  return [
    {
      name: name.name,
      kind: symbolKinds[kind],
      detail: `${kind} of ${file}`,
      uri: uriOf(session, root, file),
      range: rangeOf(analysis, span),
      selectionRange: rangeOf(analysis, name.span),
      data,
    },
  ];
}

function rangesOf(documents: Documents, file: string, { at }: Call): Range[] {
  const analysis = documents.analysis(file);
  return analysis === undefined ? [] : at.map((span) => rangeOf(analysis, span));
}
