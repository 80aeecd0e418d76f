/**
 * The Protocol Data Units by which an acceptor answers (PS3.8 §9.3.2 to §9.3.4). The request may come from anybody who
 * reaches the port, so it is read within limits, and only the fields below are kept.
 */
import { violated } from './association-failed.ts';
import {
  ABSTRACT_SYNTAX,
  ANSWERED_CONTEXT,
  APPLICATION_CONTEXT,
  APPLICATION_CONTEXT_NAME,
  CONTEXTS_LIMIT,
  item,
  itemsOf,
  MAXIMUM_LENGTH,
  pdu,
  PROPOSED_CONTEXT,
  ROLE_SELECTION,
  text,
  TRANSFER_SYNTAX,
  uint16,
  USER_INFORMATION,
  userInformation,
  type AnsweredContext,
  type ProposedContext,
} from './pdu.ts';
import { BoundedReader, trimmed } from './read-bounded.ts';

const ASSOCIATE_AC = 0x02;
const ASSOCIATE_RJ = 0x03;

const TITLE_BYTES = 16;
const RESERVED_BYTES = 32;

export type AssociationAsked = {
  /** PS3.8 §9.3.2: bit 0 means version 1, the only one. */
  readonly isOurVersion: boolean;
  readonly isDicom: boolean;
  readonly calledAE: string;
  readonly callingAE: string;
  readonly contexts: readonly ProposedContext[];
  /** 0: no limit. */
  readonly maxBytes: number;
  /**
   * The SOP Classes for which the requestor proposes roles (PS3.7 Annex D.3.3.4), and whether the SCP role is one of
   * them.
   */
  readonly provides: ReadonlyMap<string, boolean>;
  /** AE titles and reserved bytes, which an acceptance returns unchanged. */
  readonly titles: Buffer;
};

/** `content`: the bytes after the header. Throws AssociationFailed. */
export function parseAssociateRequest(content: Buffer): AssociationAsked {
  const reader = new BoundedReader(content);
  const version = reader.uint16();
  reader.take(2);
  const titles = Buffer.from(reader.take(2 * TITLE_BYTES + RESERVED_BYTES));
  const contexts = new Map<number, ProposedContext>();
  let isDicom = false;
  let user: User = { maxBytes: 0, provides: new Map() };
  for (const { type, content: inner } of itemsOf(reader)) {
    if (type === APPLICATION_CONTEXT) isDicom = inner.uid(inner.left) === APPLICATION_CONTEXT_NAME;
    if (type === USER_INFORMATION) user = parseUser(inner);
    if (type !== PROPOSED_CONTEXT) continue;
    const context = parseProposed(inner);
    // PS3.8 §9.3.2.2: context IDs are odd and unique.
    if (context.id % 2 === 0 || contexts.has(context.id))
      throw violated('a context with a number of another');
    if (contexts.size === CONTEXTS_LIMIT) throw violated('too many presentation contexts');
    contexts.set(context.id, context);
  }
  return {
    isOurVersion: (version & 1) === 1,
    isDicom,
    calledAE: trimmed(titles.subarray(0, TITLE_BYTES)),
    callingAE: trimmed(titles.subarray(TITLE_BYTES, 2 * TITLE_BYTES)),
    contexts: [...contexts.values()],
    ...user,
    titles,
  };
}

type User = Pick<AssociationAsked, 'maxBytes' | 'provides'>;

function parseUser(user: BoundedReader): User {
  let maxBytes = 0;
  const provides = new Map<string, boolean>();
  for (const { type, content } of itemsOf(user)) {
    if (type === MAXIMUM_LENGTH) maxBytes = content.uint32();
    if (type !== ROLE_SELECTION) continue;
    const sopClassUID = content.uid(content.uint16());
    const [, isProvider] = content.take(2);
    provides.set(sopClassUID, isProvider === 1);
  }
  return { maxBytes, provides };
}

function parseProposed(content: BoundedReader): ProposedContext {
  const id = content.uint8();
  content.take(3);
  let abstractSyntax = '';
  const transferSyntaxes: string[] = [];
  for (const { type, content: inner } of itemsOf(content)) {
    if (type === ABSTRACT_SYNTAX) abstractSyntax = inner.uid(inner.left);
    if (type === TRANSFER_SYNTAX) transferSyntaxes.push(inner.uid(inner.left));
  }
  if (transferSyntaxes.length === 0) throw violated('a context without a transfer syntax');
  return { id, abstractSyntax, transferSyntaxes };
}

export type Acceptance = {
  readonly contexts: readonly AnsweredContext[];
  /** The SOP Classes for which the requestor is the SCP, as it proposed. */
  readonly provided: readonly string[];
};

/** PS3.8 §9.3.3. */
export function encodeAssociateAccept(titles: Buffer, { contexts, provided }: Acceptance): Buffer {
  const answered = contexts.map(({ id, result, transferSyntax }) =>
    item(ANSWERED_CONTEXT, Buffer.of(id, 0, result, 0), item(TRANSFER_SYNTAX, text(transferSyntax))),
  );
  const context = item(APPLICATION_CONTEXT, text(APPLICATION_CONTEXT_NAME));
  return pdu(
    ASSOCIATE_AC,
    Buffer.concat([uint16(1), uint16(0), titles, context, ...answered, userInformation(provided)]),
  );
}

/** PS3.8 Table 9-21. */
export type Rejection = { readonly result: number; readonly source: number; readonly reason: number };

/** PS3.8 §9.3.4. */
export const encodeAssociateReject = ({ result, source, reason }: Rejection): Buffer =>
  pdu(ASSOCIATE_RJ, Buffer.of(0, result, source, reason));
