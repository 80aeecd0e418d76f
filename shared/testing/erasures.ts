/**
 * The safeguards that keep identities off every disk, each as the lines that switch it off.
 * nothing-remains.e2e.ts makes its journey with them and must find what then remains; a line that is no
 * longer there fails the test that asks for it, so this list cannot grow old in silence.
 */
import type { Mutation } from './mutated-copy.ts';

export type Erasure = { readonly name: string; readonly mutations: readonly Mutation[] };

const SEALING: Erasure = {
  name: 'parcels are sealed on the device',
  mutations: [
    {
      what: 'records are written as they are',
      file: 'shared/src/transfer/seal.ts',
      from: 'return new Uint8Array(await context.seal(record, additionalData(parcelId, position, isLast)));',
      to: 'const plain = new Uint8Array(record.length + SEAL_TAG_BYTES); plain.set(record); return plain;',
    },
    {
      what: 'and taken as they are',
      file: 'shared/src/transfer/seal.ts',
      from: 'const plain = await context.open(sealed, additionalData(parcelId, next, isLast)).catch(() => null);',
      to: 'const plain = new Uint8Array(sealed.subarray(0, sealed.length - SEAL_TAG_BYTES)).buffer;',
    },
    {
      what: 'and nothing is coded, so that it can be found by looking',
      file: 'client/src/pipeline/ingest/workers/code-parts.ts',
      from: 'const coded: Part[] = [];',
      to: 'if (parts.length >= 0) return parts;\n  const coded: Part[] = [];',
    },
  ],
};

const TITLES: Erasure = {
  name: 'titles are encrypted on the device',
  mutations: [
    {
      what: 'titles are written as they are',
      file: 'client/src/pipeline/queue/rows/device-key.ts',
      from: "const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) }, key, bytes);",
      to: 'void place; void key; const sealed = bytes;',
    },
    {
      what: 'and read as they are',
      file: 'client/src/pipeline/queue/rows/device-key.ts',
      from: "return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed.subarray(IV_BYTES)));",
      to: 'void iv; void additionalData; void key; return new Uint8Array(sealed.subarray(IV_BYTES));',
    },
  ],
};

const SPOOL: Erasure = {
  name: 'parcels lie encrypted at the gateway',
  mutations: [
    {
      what: 'blobs are written as they are',
      file: 'gateway/src/ports/blobs/blob-cipher.ts',
      from: 'const counter = new Uint8Array(BLOCK_BYTES);',
      to: 'if (key) return { update: (bytes: Uint8Array) => Buffer.from(bytes), final: () => Buffer.alloc(0) } as unknown as Cipheriv;\n  const counter = new Uint8Array(BLOCK_BYTES);',
    },
  ],
};

/** Erasures that only show when something is encrypted no more. */
export const SWITCHED_OFF: readonly Erasure[] = [SEALING, TITLES, SPOOL];

export const ERASURES: readonly Erasure[] = [
  ...SWITCHED_OFF,
  {
    name: 'a title is erased at completion',
    mutations: [
      {
        what: 'the title stays',
        file: 'client/src/pipeline/queue/rows/settle-study.ts',
        from: 'title: titleAtEnd(study),',
        to: '',
      },
    ],
  },
  {
    name: 'the device deletes its copy at completion',
    mutations: [
      {
        what: 'records stay',
        file: 'client/src/pipeline/queue/rows/drop-study.ts',
        from: "await database.records.where('parcelId').equals(parcelId).delete();",
        to: 'void database; void parcelId;',
      },
    ],
  },
  {
    name: 'the gateway deletes its copy at completion',
    mutations: [
      {
        what: 'parcels stay',
        file: 'gateway/src/pipeline/plan/apply-plan.ts',
        from: 'return removeParcelBlobs(blobs, effect.parcelIds);',
        to: 'void removeParcelBlobs;\n      return;',
      },
    ],
  },
  {
    name: 'the key of a study is destroyed at completion',
    mutations: [
      {
        what: 'the key stays',
        file: 'gateway/src/pipeline/plan/apply-plan.ts',
        from: 'return keys.destroy(effect.wrappedKey);',
        to: 'return;',
      },
    ],
  },
];
