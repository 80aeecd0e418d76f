/**
 * The Protocol Data Units of the DICOM upper layer (PS3.8 §9.3). They are written as the standard defines them and
 * read within limits: lengths and counts from a peer are checked before use. The PDUs with which an acceptor answers
 * are in pdu-acceptor.ts.
 */
import {
  RELAYPACS_IMPLEMENTATION_CLASS_UID,
  RELAYPACS_IMPLEMENTATION_VERSION_NAME,
} from '#shared/dicom/encode.ts';
import { violated } from './association-failed.ts';
import { BoundedReader } from './read-bounded.ts';

export const ASSOCIATE_RQ = 0x01;
const ASSOCIATE_AC = 0x02;
const ASSOCIATE_RJ = 0x03;
const DATA = 0x04;
const RELEASE_RQ = 0x05;
const RELEASE_RP = 0x06;
const ABORT = 0x07;

export const APPLICATION_CONTEXT = 0x10;
export const PROPOSED_CONTEXT = 0x20;
export const ANSWERED_CONTEXT = 0x21;
export const ABSTRACT_SYNTAX = 0x30;
export const TRANSFER_SYNTAX = 0x40;
export const USER_INFORMATION = 0x50;
export const MAXIMUM_LENGTH = 0x51;
const IMPLEMENTATION_CLASS = 0x52;
export const ROLE_SELECTION = 0x54;
const IMPLEMENTATION_VERSION = 0x55;

/** PS3.7 Annex A.2.1. */
export const APPLICATION_CONTEXT_NAME = '1.2.840.10008.3.1.1.1';
/** PS3.8 §9.3.2.2: context IDs are odd numbers from 1 to 255. */
export const CONTEXTS_LIMIT = 128;
/** PDU type, a reserved byte and the length of what follows. */
export const PDU_HEADER_BYTES = 6;
/**
 * The longest PDU that we accept, and announce that we accept (PS3.8 Annex D.1). With much shorter PDUs, a large
 * instance would cost thousands of reads; one PDU is in memory for each association.
 */
export const RECEIVED_BYTES_LIMIT = 128 * 1024;
/**
 * The most items in an answer to an association request: 128 contexts and the user information need a twelfth of this.
 */
const ITEMS_LIMIT = 1024;

export type ProposedContext = {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
};
/** `result`: as in PS3.8 Table 9-18; 0 means accepted. */
export type AnsweredContext = {
  readonly id: number;
  readonly result: number;
  readonly transferSyntax: string;
};
type AssociationRequest = {
  readonly calledAE: string;
  readonly callingAE: string;
  readonly contexts: readonly ProposedContext[];
  /** SOP Classes for which the requestor is the SCP (PS3.7 Annex D.3.3.4): it accepts what C-GET brings. */
  readonly takes: readonly string[];
};
/** Presentation Data Value: a fragment of a command or of a Data Set. */
export type DataValue = {
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  readonly fragment: Buffer;
};
export type Pdu =
  | {
      readonly kind: 'associate-accept';
      readonly contexts: readonly AnsweredContext[];
      /** 0: no limit. */
      readonly maxBytes: number;
    }
  | {
      readonly kind: 'associate-reject';
      readonly result: number;
      readonly source: number;
      readonly reason: number;
    }
  | { readonly kind: 'data'; readonly values: readonly DataValue[] }
  | { readonly kind: 'release-request' | 'release-reply' | 'abort' };

export const uint16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
export const pdu = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.of(type, 0), uint32(content.length), content]);
export const item = (type: number, ...content: Buffer[]): Buffer => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.of(type, 0), uint16(bytes.length), bytes]);
};
export const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const title = (value: string): Buffer => text(value.padEnd(16).slice(0, 16));

/** PS3.8 Annex D.1, PS3.7 Annex D.3.3. `provided`: the SOP Classes for which the requestor is SCP only. */
export const userInformation = (provided: readonly string[]): Buffer =>
  item(
    USER_INFORMATION,
    item(MAXIMUM_LENGTH, uint32(RECEIVED_BYTES_LIMIT)),
    item(IMPLEMENTATION_CLASS, text(RELAYPACS_IMPLEMENTATION_CLASS_UID)),
    // SCU role: no; SCP role: yes.
    ...provided.map((uid) => item(ROLE_SELECTION, uint16(uid.length), text(uid), Buffer.of(0, 1))),
    item(IMPLEMENTATION_VERSION, text(RELAYPACS_IMPLEMENTATION_VERSION_NAME)),
  );

/** PS3.8 §9.3.2. */
export function encodeAssociateRequest({ calledAE, callingAE, contexts, takes }: AssociationRequest): Buffer {
  const proposed = contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
    item(
      PROPOSED_CONTEXT,
      Buffer.of(id, 0, 0, 0),
      item(ABSTRACT_SYNTAX, text(abstractSyntax)),
      ...transferSyntaxes.map((uid) => item(TRANSFER_SYNTAX, text(uid))),
    ),
  );
  const user = userInformation(takes);
  const content = [uint16(1), uint16(0), title(calledAE), title(callingAE), Buffer.alloc(32)];
  const context = item(APPLICATION_CONTEXT, text(APPLICATION_CONTEXT_NAME));
  return pdu(ASSOCIATE_RQ, Buffer.concat([...content, context, ...proposed, user]));
}

/** PS3.8 §9.3.5 with one Presentation Data Value. */
export function encodeData({ contextId, isCommand, isLast, fragment }: DataValue): Buffer {
  const control = (isCommand ? 1 : 0) | (isLast ? 2 : 0);
  return pdu(DATA, Buffer.concat([uint32(fragment.length + 2), Buffer.of(contextId, control), fragment]));
}

export const RELEASE_REQUEST: Buffer = pdu(RELEASE_RQ, Buffer.alloc(4));
export const RELEASE_REPLY: Buffer = pdu(RELEASE_RP, Buffer.alloc(4));
/** Source 0: the service user. The reason has no meaning then. */
export const ABORT_REQUEST: Buffer = pdu(ABORT, Buffer.alloc(4));

/** The type of a PDU and its length. Throws AssociationFailed if it is longer than we accept. */
export function parsePduHeader(header: Buffer): { readonly type: number; readonly length: number } {
  const type = header.readUInt8(0);
  const length = header.readUInt32BE(2);
  if (type < ASSOCIATE_RQ || type > ABORT) throw violated('no PDU');
  if (length > RECEIVED_BYTES_LIMIT) throw violated('too long a PDU');
  return { type, length };
}

/** `content`: the bytes after the header. Throws AssociationFailed. */
export function parsePdu(type: number, content: Buffer): Pdu {
  const reader = new BoundedReader(content);
  switch (type) {
    case ASSOCIATE_AC:
      return parseAccept(reader);
    case ASSOCIATE_RJ: {
      reader.take(1);
      return {
        kind: 'associate-reject',
        result: reader.uint8(),
        source: reader.uint8(),
        reason: reader.uint8(),
      };
    }
    case DATA:
      return { kind: 'data', values: parseValues(reader) };
    case RELEASE_RQ:
      return { kind: 'release-request' };
    case RELEASE_RP:
      return { kind: 'release-reply' };
    case ABORT:
      return { kind: 'abort' };
    default:
      throw violated('a PDU that does not belong there');
  }
}

/** PS3.8 §9.3.3. Unknown items are skipped. */
function parseAccept(reader: BoundedReader): Pdu {
  // Protocol version, reserved bytes and the AE titles, which "shall not be tested".
  reader.take(68);
  const contexts: AnsweredContext[] = [];
  let maxBytes = 0;
  for (const { type, content } of itemsOf(reader)) {
    if (type === ANSWERED_CONTEXT) contexts.push(parseContext(content));
    if (contexts.length > CONTEXTS_LIMIT) throw violated('too many presentation contexts');
    if (type === USER_INFORMATION) maxBytes = maxBytesIn(content);
  }
  return { kind: 'associate-accept', contexts, maxBytes };
}

/** The longest PDU that the peer accepts; 0: no limit. */
function maxBytesIn(user: BoundedReader): number {
  let maxBytes = 0;
  for (const { type, content } of itemsOf(user)) if (type === MAXIMUM_LENGTH) maxBytes = content.uint32();
  return maxBytes;
}

function parseContext(content: BoundedReader): AnsweredContext {
  const id = content.uint8();
  content.take(1);
  const result = content.uint8();
  content.take(1);
  let transferSyntax = '';
  for (const { type, content: inner } of itemsOf(content))
    if (type === TRANSFER_SYNTAX) transferSyntax = inner.uid(inner.left);
  return { id, result, transferSyntax };
}

export function* itemsOf(
  reader: BoundedReader,
): Generator<{ readonly type: number; readonly content: BoundedReader }> {
  for (let count = 0; reader.left > 0; count++) {
    if (count === ITEMS_LIMIT) throw violated('too many items');
    const type = reader.uint8();
    reader.take(1);
    yield { type, content: new BoundedReader(reader.take(reader.uint16())) };
  }
}

function parseValues(reader: BoundedReader): readonly DataValue[] {
  const values: DataValue[] = [];
  while (reader.left > 0) {
    const length = reader.uint32();
    if (length < 2) throw violated('a fragment without a header');
    const value = new BoundedReader(reader.take(length));
    const contextId = value.uint8();
    const control = value.uint8();
    const fragment = value.take(value.left);
    const isLast = (control & 2) !== 0;
    // Otherwise empty fragments could go on for ever.
    if (fragment.length === 0 && !isLast) throw violated('an empty fragment');
    values.push({ contextId, isCommand: (control & 1) !== 0, isLast, fragment });
  }
  if (values.length === 0) throw violated('an empty PDU');
  return values;
}
