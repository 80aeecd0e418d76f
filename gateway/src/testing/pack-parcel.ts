/** Synthetic instances as a device announces, packs and seals them. */
import { deflateSync } from 'node:zlib';
import type { SealingKey } from '#shared/protocol/api.ts';
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import { createBoundary, packParcel, type PackedInstance } from '#shared/transfer/parcel.ts';
import { createSealer, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';

export function toManifest(
  instances: readonly SyntheticInstance[],
  policy = 'identified',
  more: Partial<ManifestInstance> = {},
): Manifest {
  return {
    protocolVersion: 1,
    policy: { name: policy, version: 1 },
    studyInstanceUID: instances[0]!.identifiers.studyInstanceUID,
    instances: instances.map(({ identifiers, transferSyntaxUID, bytes }) => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      seriesInstanceUID: identifiers.seriesInstanceUID,
      sopClassUID: identifiers.sopClassUID,
      transferSyntaxUID,
      bytes: bytes.length,
      digest: sha256(bytes),
      ...more,
    })),
  };
}

/** `isCoded`: of the instances, in their order, which ones travel deflated. */
export async function packed(
  instances: readonly SyntheticInstance[],
  isCoded: (index: number) => boolean = () => false,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = instances.map(
    ({ identifiers, transferSyntaxUID, bytes }, i): PackedInstance => ({
      sopInstanceUID: identifiers.sopInstanceUID,
      digest: sha256(bytes),
      transferSyntaxUID,
      bytes: new Blob([bytes]),
      ...(isCoded(i) ? { coding: { encoding: 'deflate', bytes: new Blob([deflateSync(bytes)]) } } : {}),
    }),
  );
  return new Uint8Array(await packParcel(createBoundary(), parts).arrayBuffer());
}

export type SealedBytes = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seal: { readonly keyId: string; readonly enc: string };
};

/** A parcel's body as a device seals it. */
export async function sealedBytes(plain: Uint8Array, key: SealingKey, parcel: string): Promise<SealedBytes> {
  const sealer = await createSealer(key, parcel);
  const records: Uint8Array[] = [];
  for (let at = 0; at < plain.length; at += SEALED_RECORD_BYTES) {
    records.push(
      await sealer.seal(
        plain.subarray(at, at + SEALED_RECORD_BYTES),
        records.length,
        at + SEALED_RECORD_BYTES >= plain.length,
      ),
    );
  }
  return { bytes: new Uint8Array(Buffer.concat(records)), seal: { keyId: key.kid, enc: sealer.enc } };
}
