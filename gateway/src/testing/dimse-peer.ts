/** A peer that speaks DIMSE as a test tells it to: PDU by PDU, right or wrong. */
import { createServer, type Socket } from 'node:net';
import {
  encodeCommand,
  encodeElements,
  parseElements,
  type Elements,
  type ElementsToSend,
} from '../dimse/elements.ts';
import { encodeData } from '../dimse/pdu.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

const ASSOCIATE_RQ = 1;
const DATA = 4;
const RELEASE_RQ = 5;
const RELEASE_RP: Buffer = Buffer.from('06000000000400000000', 'hex');
export const ABORT: Buffer = Buffer.from('07000000000400000000', 'hex');
/** In the place of a PDU: the connection ends. */
export const CLOSE: Buffer = Buffer.from('close');

/** A command that has come, and all of its Data Set; `id`: its message. */
export type Asked = {
  /** The same one for all messages of an association. */
  readonly association: object;
  readonly dataSet: Buffer;
  readonly contextId: number;
  readonly field: number;
  readonly id: number;
  readonly command: Elements;
};
export type Script = {
  /** Answers a request for an association; by default all is accepted. */
  readonly associate?: (request: Buffer) => readonly Buffer[] | Buffer;
  /** Told each PDU with data, without its header. */
  readonly heard?: (content: Buffer) => void;
  /** Answers a command once its Data Set, if it has one, is here. */
  readonly answer?: (asked: Asked) => readonly Buffer[];
};
export type Peer = { readonly port: number; close(): void };

export async function openDimsePeer(script: Script): Promise<Peer> {
  const { associate = (request: Buffer) => accept(request), heard = () => {}, answer = () => [] } = script;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let held = Buffer.alloc(0);
    let asked: Omit<Asked, 'dataSet'> | null = null;
    const pieces: Buffer[] = [];
    const say = (pdus: readonly Buffer[]): void => {
      for (const pdu of pdus) {
        if (pdu === CLOSE) socket.destroy();
        else socket.write(pdu);
      }
    };
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 6 && held.length >= 6 + held.readUInt32BE(2)) {
        const content = held.subarray(6, 6 + held.readUInt32BE(2));
        const type = held[0]!;
        held = held.subarray(6 + content.length);
        if (type === ASSOCIATE_RQ) say([associate(content)].flat());
        if (type === RELEASE_RQ) socket.end(RELEASE_RP);
        if (type !== DATA) continue;
        heard(content);
        const control = content[5]!;
        if ((control & 1) === 1) asked = toAsked(content, socket);
        else pieces.push(Buffer.from(content.subarray(6)));
        const isWhole =
          (control & 2) === 2 &&
          ((control & 1) === 0 || asked!.command.get(0x800)!.readUInt16LE() === 0x0101);
        if (isWhole) say(answer({ ...asked!, dataSet: Buffer.concat(pieces.splice(0)) }));
      }
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function toAsked(content: Buffer, association: object): Omit<Asked, 'dataSet'> {
  const command = parseElements(content.subarray(6));
  const number = (tag: number): number => command.get(tag)?.readUInt16LE() ?? 0;
  return { association, contextId: content[4]!, field: number(0x100), id: number(0x110), command };
}

const item = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.of(type, 0, content.length >> 8, content.length & 255), content]);
export const pdu = (type: number, content: Buffer): Buffer => {
  const header = Buffer.of(type, 0, 0, 0, 0, 0);
  header.writeUInt32BE(content.length, 2);
  return Buffer.concat([header, content]);
};

/** Accepts each context with its first transfer syntax; `results`: by the context's id, where it is not 0. */
export function accept(
  request: Buffer,
  { results = {}, maxBytes = 16_384, more = [] as readonly Buffer[] } = {} as {
    readonly results?: Readonly<Record<number, number>>;
    readonly maxBytes?: number;
    readonly more?: readonly Buffer[];
  },
): Buffer {
  const contexts: Buffer[] = [];
  for (let at = 68; at < request.length; at += 4 + request.readUInt16BE(at + 2)) {
    if (request[at] !== 0x20) continue;
    const content = request.subarray(at + 4, at + 4 + request.readUInt16BE(at + 2));
    const abstractEnd = 8 + content.readUInt16BE(6);
    const transferSyntax = content.subarray(
      abstractEnd,
      abstractEnd + 4 + content.readUInt16BE(abstractEnd + 2),
    );
    const result = results[content[0]!] ?? 0;
    contexts.push(item(0x21, Buffer.concat([Buffer.of(content[0]!, 0, result, 0), transferSyntax])));
  }
  const limit = Buffer.alloc(4);
  limit.writeUInt32BE(maxBytes);
  const user = item(0x50, item(0x51, limit));
  return pdu(2, Buffer.concat([request.subarray(0, 68), ...contexts, ...more, user]));
}

const value = (contextId: number, isCommand: boolean, fragment: Buffer): Buffer =>
  encodeData({ contextId, isCommand, isLast: true, fragment });

/** A response to what was asked, with a Data Set where there is an `identifier`. */
export function respond(
  { contextId, field, id }: Asked,
  status: number,
  identifier?: ElementsToSend,
): readonly Buffer[] {
  const command: ElementsToSend = [
    [0x100, field | 0x8000],
    [0x120, id],
    [0x800, identifier === undefined ? 0x0101 : 1],
    [0x900, status],
  ];
  const said = [value(contextId, true, encodeCommand(command))];
  return identifier === undefined ? said : [...said, value(contextId, false, encodeElements(identifier))];
}

const MR = '1.2.840.10008.5.1.4.1.1.4';

/** C-STORE of the peer, as C-GET brings it. */
export function bring(
  contextId: number,
  sopInstanceUID: string,
  dataSet: Buffer,
  sopClassUID: string = MR,
): readonly Buffer[] {
  const command: ElementsToSend = [
    [0x002, sopClassUID],
    [0x100, 0x0001],
    [0x110, 7],
    [0x800, 1],
    [0x1000, sopInstanceUID],
  ];
  return [value(contextId, true, encodeCommand(command)), value(contextId, false, dataSet)];
}

/** The peer's entry in the settings of a PACS. */
export const dimseAt = (port: number, calledAE = 'PEER') => ({
  address: { isTls: false, host: '127.0.0.1', port, calledAE, callingAE: 'RELAYPACS' },
  tls: { ca: null, own: null },
});

/** A command with its Data Set. */
export const say = (contextId: number, command: Buffer, dataSet: Buffer): readonly Buffer[] => [
  encodeData({ contextId, isCommand: true, isLast: true, fragment: command }),
  encodeData({ contextId, isCommand: false, isLast: true, fragment: dataSet }),
];
