/** Files by the road of a device (tus): instances that are none, and parcels that are not what they say. */
import { sendUnchecked } from '../../../gateway/src/testing/lying-client.ts';
import { rawData } from '../hostile/build-header.ts';
import { DEIDENTIFIED, IDENTIFIED } from '../hostile/recipe.ts';
import { announce, manifestOf, sendParcel } from '../hostile/send-instance.ts';
import { attackRising, attackWith, LAST_BYTES, limitOf, type Attack, type Tools } from './attack.ts';
import type { Answer } from '../hostile/door.ts';
import { placeFor } from './body.ts';
import type { Callers } from './callers.ts';
import { FILE_KINDS } from './file-bodies.ts';
import { RELATED_KINDS } from './multipart-bodies.ts';

const CALLER = 'technician';

/** A PACS that refuses an instance is asked again for a minute, of which nobody's bytes are read. */
const isRead = (state: string): boolean => state !== 'receiving';

type Road = {
  readonly name: string;
  readonly make: (bytes: number) => Buffer;
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => Promise<Answer>;
};

export async function* attackFiles(tools: Tools, callers: Callers): AsyncGenerator<Attack> {
  for (const [nth, { name, make, send }] of roadsOf(tools, callers).entries()) {
    if (!tools.isChosen(name)) continue;
    yield* attackRising(tools, limitOf({ isFile: true }, LAST_BYTES / 4, nth + tools.seed), (bytes) =>
      attackWith(tools, { name, group: 'files', caller: CALLER }, () => {
        const file = new Uint8Array(make(bytes));
        return { bytes: file.length, isRefused: false, fire: () => send(file) };
      }),
    );
  }
}

function roadsOf({ seed }: Tools, callers: Callers): readonly Road[] {
  const place = placeFor('multipart/mixed', seed);
  const instances = FILE_KINDS.flatMap(({ name, make }) =>
    // A policy is for what can be read.
    (name.startsWith('dicom-') ? [IDENTIFIED, DEIDENTIFIED] : [DEIDENTIFIED]).map(
      (policy): Road => ({
        name: `instance-as-${policy.name} ${name}`,
        make: (bytes) => make(bytes, seed),
        async send(bytes) {
          const { api, token } = await callers.doorOf(CALLER);
          const outcome = await sendUnchecked({ api, token: token! }, bytes, { policy: policy.name }, isRead);
          return outcome.kind === 'problem'
            ? { ...outcome, body: null }
            : { status: 200, code: outcome.instance?.reason ?? null, body: null };
        },
      }),
    ),
  );
  const parcels = RELATED_KINDS.map(
    ({ name, make }): Road => ({
      name: `parcel ${name}`,
      make: (bytes) => make(bytes, place).bytes,
      async send(bytes) {
        const door = await callers.doorOf(CALLER);
        const { status, body, code } = await announce(door, manifestOf([rawData()], IDENTIFIED));
        const { uploadId } = body as { readonly uploadId: string };
        return {
          status,
          code: status === 200 ? await sendParcel(door, uploadId, new Blob([bytes])) : code,
          body: null,
        };
      },
    }),
  );
  return [...instances, ...parcels];
}
