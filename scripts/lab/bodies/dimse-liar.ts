/** A destination that speaks DIMSE and answers as an attack says; a service is the field of a command. */
import { encodeCommand } from '../../../gateway/src/dimse/elements.ts';
import { accept, openDimsePeer, respond, type Asked } from '../../../gateway/src/testing/dimse-peer.ts';
import { DATA_SET, dimseKinds, fragments, PDUS } from './dimse-bodies.ts';
import { Lies, type Liar } from './liar.ts';

const PENDING = 0xff00;
const ASSOCIATION = 'DIMSE association';
/** A Data Set of a search is small; a few megabytes are far beyond any. */
const DATA_SET_BYTES = 4 * 1024 ** 2;

export async function startDimseLiar(): Promise<Liar> {
  const lies = new Lies();
  const peer = await openDimsePeer({
    associate: (request) => {
      const lie = lies.answerFor(ASSOCIATION);
      return lie?.type === PDUS ? lie.bytes : accept(request);
    },
    answer: (message) => {
      const lie = lies.answerFor(`DIMSE ${message.field.toString(16).padStart(4, '0')}`);
      if (lie === null) return respond(message, 0);
      return lie.type === PDUS ? [lie.bytes] : [pending(message, lie.bytes), ...respond(message, 0)];
    },
  });
  return {
    ...{
      url: `dimse://RELAYPACS@127.0.0.1:${peer.port}/PEER`,
      types: [
        [DATA_SET, 2],
        [PDUS, 2],
      ],
    },
    ...{ kindsOf: dimseKinds, limit: DATA_SET_BYTES, lies },
    stop: async () => peer.close(),
  };
}

/** A response that is not the last, with this Data Set. */
function pending({ contextId, field, id }: Asked, dataSet: Buffer): Buffer {
  const command = encodeCommand([
    [0x100, field | 0x8000],
    [0x120, id],
    [0x800, 1],
    [0x900, PENDING],
  ]);
  return Buffer.concat([fragments(contextId, true, command), fragments(contextId, false, dataSet)]);
}
