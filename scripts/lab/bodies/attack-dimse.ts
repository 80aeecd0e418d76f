/** The DIMSE port: what a peer that the gateway knows may say, each in an association of its own. */
import { connect } from 'node:net';
import { closed } from '#testing/closed.ts';
import { encodeCommand } from '../../../gateway/src/dimse/elements.ts';
import { encodeAssociateRequest, RELEASE_REQUEST } from '../../../gateway/src/dimse/pdu.ts';
import { attackRising, attackWith, LAST_BYTES, type Attack, type Tools } from './attack.ts';
import { placeFor, type Body } from './body.ts';
import { DATA_SET, dimseKinds, fragments, PEER_TITLE, PDUS, REQUEST_KINDS } from './dimse-bodies.ts';

const RAW_DATA = '1.2.840.10008.5.1.4.1.1.66';
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const REQUEST = encodeAssociateRequest({
  ...{ calledAE: 'RELAYPACS', callingAE: PEER_TITLE, takes: [] },
  contexts: [{ id: 1, abstractSyntax: RAW_DATA, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] }],
});
/** C-STORE-RQ (PS3.7 §9.3.1.1). */
const STORE = encodeCommand([
  [0x002, RAW_DATA],
  [0x100, 0x0001],
  [0x110, 1],
  [0x700, 0],
  [0x800, 1],
  [0x1000, '2.25.1'],
]);

export async function* attackDimse(tools: Tools, port: number): AsyncGenerator<Attack> {
  for (const type of [DATA_SET, PDUS, 'request']) {
    const place = placeFor(type, tools.seed);
    for (const kind of type === 'request' ? REQUEST_KINDS : dimseKinds(place)) {
      const name = `DIMSE-port ${type} ${kind.name}`;
      if (!tools.isChosen(name)) continue;
      yield* attackRising(tools, LAST_BYTES / 4, (bytes) =>
        attackWith(tools, { name, group: 'dimse', caller: PEER_TITLE }, () => {
          const body = kind.make(bytes, place);
          const fire = () => tell(port, messageOf(type, body));
          return { bytes: body.bytes.length, isRefused: false, fire };
        }),
      );
    }
  }
}

function messageOf(type: string, { bytes }: Body): Buffer {
  if (type === 'request') return bytes;
  const said =
    type === DATA_SET ? [fragments(1, true, STORE), fragments(1, false, bytes), RELEASE_REQUEST] : [bytes];
  return Buffer.concat([REQUEST, ...said]);
}

/** Until the gateway ends the connection; it is told that nothing more comes. */
async function tell(port: number, message: Buffer) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined).resume();
  socket.end(message);
  await closed(socket);
  return { status: 200, code: null, body: null };
}
