/** DIMSE messages at their limits: Data Sets, and PDUs (PS3.8 §9.3) that are too many, too small or lie. */
import {
  CONTEXTS_LIMIT,
  encodeAssociateRequest,
  encodeData,
  item,
  pdu,
  USER_INFORMATION,
} from '../../../gateway/src/dimse/pdu.ts';
import { encodeCommand } from '../../../gateway/src/dimse/elements.ts';
import { many } from '../hostile/recipe.ts';
import { FILE_KINDS } from './file-bodies.ts';
import type { Kind } from './body.ts';

export const DATA_SET = 'data-set';
export const PDUS = 'pdus';
/** The AE title by which the gateway knows the lab. */
export const PEER_TITLE = 'LAB';

/** PS3.10 §7.1: File Meta Information ends as many bytes after its first element as that says. */
const dataSetOf = (file: Buffer): Buffer => file.subarray(144 + file.readUInt32LE(140));

const DATA_SETS: readonly Kind[] = FILE_KINDS.filter(({ name }) => name.startsWith('dicom-')).map(
  ({ name, make }) => ({
    name,
    make: (bytes, { seed }) => ({ bytes: dataSetOf(make(bytes, seed)), type: DATA_SET }),
  }),
);

const FRAGMENT_BYTES = 16_000;
/** A Data Set, or a command, in fragments. */
export function fragments(contextId: number, isCommand: boolean, bytes: Buffer): Buffer {
  const count = Math.max(1, Math.ceil(bytes.length / FRAGMENT_BYTES));
  return Buffer.concat(
    many(count, (at) => {
      const fragment = bytes.subarray(at * FRAGMENT_BYTES, (at + 1) * FRAGMENT_BYTES);
      return encodeData({ contextId, isCommand, isLast: at === count - 1, fragment });
    }),
  );
}

const P_DATA = 4;
const ACCEPT = 2;
/** The most that a PDU may have; longer ones are refused by their header. */
const PDU_BYTES = 120_000;
const repeated = (unit: Buffer, bytes: number): Buffer =>
  Buffer.alloc(Math.max(unit.length, bytes - (bytes % unit.length)), unit);
const pduKind = (name: string, make: (bytes: number) => Buffer): Kind => ({
  name,
  make: (bytes) => ({ bytes: make(bytes), type: PDUS }),
});
const pdusOf = (unit: Buffer) => (bytes: number) =>
  Buffer.concat(
    many(Math.max(1, Math.floor(bytes / PDU_BYTES)), () =>
      pdu(P_DATA, repeated(unit, Math.min(bytes, PDU_BYTES))),
    ),
  );
/** A Presentation Data Value without bytes: of a command, and of a Data Set; neither is the last. */
const EMPTY_COMMAND = Buffer.from('000000020101', 'hex');
const EMPTY_VALUE = Buffer.from('000000020100', 'hex');

const PDU_KINDS: readonly Kind[] = [
  pduKind('empty-fragments-of-a-command', pdusOf(EMPTY_COMMAND)),
  pduKind('empty-fragments-of-a-data-set', pdusOf(EMPTY_VALUE)),
  pduKind('bytes-of-a-command', (bytes) =>
    repeated(fragments(1, true, Buffer.alloc(1)).fill(1, 11, 12), bytes),
  ),
  pduKind('empty-pdus', (bytes) => repeated(pdu(P_DATA, Buffer.alloc(0)), bytes)),
  pduKind('elements-of-a-command', () =>
    fragments(1, true, encodeCommand(many(1_200, (at) => [0x1000 + at, 1] as const))),
  ),
  pduKind('most-elements-of-a-command', () =>
    fragments(1, true, encodeCommand(many(250, (at) => [0x1000 + at, '1'.repeat(50)] as const))),
  ),
  pduKind('long-element-of-a-command', () =>
    fragments(1, true, encodeCommand([[0x1000, '1'.repeat(16_000)]])),
  ),
  pduKind('releases', (bytes) => repeated(pdu(5, Buffer.alloc(4)), bytes)),
  pduKind('acceptances', (bytes) => repeated(pdu(ACCEPT, Buffer.alloc(68)), bytes)),
  pduKind('lying-lengths', (bytes) => repeated(Buffer.from('0400ffffffff', 'hex'), bytes)),
  pduKind('noise', (bytes) => repeated(Buffer.from('Host: a\r\n\r\n'), bytes)),
];

/** Requests for an association. */
export const REQUEST_KINDS: readonly Kind[] = [
  pduKind('contexts', () => requestOf({ contexts: CONTEXTS_LIMIT, syntaxes: 40 })),
  pduKind('too-many-contexts', () => requestOf({ contexts: 20_000, syntaxes: 0 })),
  pduKind('transfer-syntaxes', () => requestOf({ contexts: 1, syntaxes: 2_000 })),
  pduKind('user-items', () =>
    pdu(
      1,
      Buffer.concat([
        requestOf({ contexts: 1, syntaxes: 1 }).subarray(6),
        item(USER_INFORMATION, repeated(item(0x55), 60_000)),
      ]),
    ),
  ),
];

function requestOf({ contexts, syntaxes }: { readonly contexts: number; readonly syntaxes: number }): Buffer {
  const transferSyntaxes = many(syntaxes, (at) => `1.2.840.10008.1.2.4.${at}`);
  const proposed = many(contexts, (at) => ({
    id: (2 * at + 1) & 0xff,
    abstractSyntax: '1.2.840.10008.1.1',
    transferSyntaxes,
  }));
  return encodeAssociateRequest({
    calledAE: 'RELAYPACS',
    callingAE: PEER_TITLE,
    contexts: proposed,
    takes: [],
  });
}

export const dimseKinds = ({ type }: { readonly type: string }): readonly Kind[] =>
  type === DATA_SET ? DATA_SETS : PDU_KINDS;
