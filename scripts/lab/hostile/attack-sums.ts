/** Sums: no single request is large. And parcels that are not what they say. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { ENCAPSULATED_DOCUMENT, rawData, text } from './build-header.ts';
import { askAt, type Door } from './door.ts';
import { IDENTIFIED, oneOf, said, someOf, times, type Recipe } from './recipe.ts';
import {
  announce,
  createParcel,
  manifestOf,
  patchParcel,
  parcelOf,
  sendInstances,
  sendParcel,
  type Instance,
} from './send-instance.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

const SUMS: readonly Recipe[] = [
  {
    name: 'many-parcels',
    right: /^(201|storage-full|quota-exceeded)$/,
    run: async (door, { factor, seed }) => {
      // An upload may have remains of 1 GiB on their way: a second of these is more than that.
      const bytes = oneOf(fc.integer({ min: 4 * GIB, max: 16 * GIB }), seed);
      const manifest = manifestOf([rawData()], IDENTIFIED);
      const announced = await announce(door, {
        ...manifest,
        instances: manifest.instances.map((one) => ({ ...one, bytes })),
      });
      if (announced.status !== 200) return [said(announced)];
      const { uploadId } = announced.body as { uploadId: string };
      const answers: string[] = [];
      for (let at = 0; at < times(16, factor) + 1; at += 1)
        answers.push(said(await createParcel(door, uploadId, bytes)));
      if (answers.filter((answer) => answer === '201').length > 1) answers.push('more than the upload needs');
      return answers;
    },
  },
  {
    // The quota of a new account: 128 GiB.
    name: 'many-promises',
    right: /^(200|quota-exceeded)$/,
    run: async (door, { factor }) => {
      const answers: string[] = [];
      for (let at = 0; at < Math.max(10, times(20, factor)); at += 1) {
        const manifest = manifestOf([rawData()], IDENTIFIED);
        const instances = manifest.instances.map((one) => ({ ...one, bytes: 16 * GIB }));
        answers.push(said(await announce(door, { ...manifest, instances })));
      }
      if (answers[0] === '200' && !answers.includes('quota-exceeded')) answers.push('more than the quota');
      return answers;
    },
  },
  {
    // 60 kB of deflate for 60 MiB: what is promised counts, however little is sent.
    name: 'small-coded',
    right: /^(stored|pacs-refused|quota-exceeded)$/,
    run: async (door, { factor }) => {
      const value = new Uint8Array(2 * times(30 * MIB, factor));
      const instance = rawData({ tag: ENCAPSULATED_DOCUMENT, vr: 'OB', value });
      return sendInstances(door, [instance], IDENTIFIED, (one) => ({
        encoding: 'deflate',
        bytes: new Blob([new Uint8Array(deflateSync(one.bytes))]),
      }));
    },
  },
];

/** Something is wrong with the bytes of a parcel: turned over, missing, doubled or too many. */
const oddParcel = (whole: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> => {
  const place = fc.nat({ max: whole.length - 1 });
  return fc.oneof(
    place.map((at) => new Uint8Array(whole).map((byte, here) => (here === at ? byte ^ 0xff : byte))),
    place.map((at) => whole.slice(0, at + 1)),
    place.map((at) => Uint8Array.from([...whole.slice(0, at), ...whole])),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 500 }))
      .map(([at, some]) => Uint8Array.from([...whole.slice(0, at), ...some, ...whole.slice(at)])),
    fc
      .nat({ max: Math.min(600, whole.length - 1) })
      .map((at) => new Uint8Array(whole).fill(0x39, at, at + 8)),
  );
};

const PARCELS: readonly Recipe[] = [
  {
    // Each comes once with a fault, and once as it is: it must end as if nothing had been.
    name: 'odd-parcels',
    right: /^stored$/,
    run: async (door, { factor, seed }) => {
      const ends: string[] = [];
      for (let at = 0; at < times(20, factor); at += 1) ends.push(...(await sendTwice(door, seed + at)));
      return ends;
    },
  },
];

async function sendTwice(door: Door, seed: number): Promise<readonly string[]> {
  const instances = [rawData(text(0x00200013, 'IS', '1'))];
  const announced = await announce(door, manifestOf(instances, IDENTIFIED));
  if (announced.status !== 200) return [said(announced)];
  const { uploadId } = announced.body as { uploadId: string };
  const whole = new Uint8Array(await parcelOf(instances).arrayBuffer());
  const [odd] = someOf(oddParcel(whole), seed, 1);
  await sendParcel(door, uploadId, new Blob([odd!]));
  await askAt(door, `/upload/${uploadId}/complete`, { method: 'POST', json: {} });
  return sendInstances(door, instances, IDENTIFIED);
}

/** Parcels of an upload that is somebody else's. */
const FOREIGN: Recipe = {
  name: 'foreign-uploads',
  right: /^(upload-not-found|not-found|404|invalid-request)$/,
  run: async (door, _, victim) => {
    const { upload, instances } = victim.latest();
    const path = `/upload/${upload.uploadId}`;
    const [{ sopInstanceUID }] = instances as [Instance];
    const decision = { decision: 'leave-out', instances: [{ sopInstanceUID, digest: '0'.repeat(64) }] };
    const answers = [
      await createParcel(door, upload.uploadId, 1_000),
      await askAt(door, `${path}/complete`, { method: 'POST', json: {} }),
      await askAt(door, `${path}/decisions`, { method: 'POST', json: decision }),
      await askAt(door, path, { method: 'DELETE' }),
      await patchParcel(door, `files/${upload.uploadId}`, new Blob(['x'])),
      await askAt(door, `/upload/files/${upload.uploadId}`, {
        method: 'DELETE',
        headers: { 'tus-resumable': '1.0.0' },
      }),
    ];
    return answers.map(said);
  },
};

const ODD: Recipe = {
  name: 'odd-parameters',
  right: /^(?!unexpected|5\d\d)/,
  run: async (door, { seed, factor }) => {
    const odd = fc.oneof(fc.string(), fc.constantFrom('0000-01-01', '1e400', '\0', '../..', '%ff'));
    const paths = someOf(odd, seed, times(10, factor)).flatMap((text) => {
      const value = encodeURIComponent(text);
      return [
        `/results?cursor=${value}`,
        `/results?from=${value}`,
        `/results?study=${value}`,
        `/results?cursor=1~${'-'.repeat(36)}`,
        `/metrics?from=${value}`,
        `/events?upload=${value || 'x'}`,
        `/upload/${value || 'x'}/status`,
        `/results/${value || 'x'}`,
        `/jobs?limit=${value}`,
      ];
    });
    return Promise.all(paths.map(async (path) => said(await askAt(door, path))));
  },
};

export const REST: readonly Recipe[] = [...PARCELS, ...SUMS, FOREIGN, ODD];
