/** Another account of the simulated site: it names what others have, and never sends a byte. */
import type { Manifest, ManifestInstance } from '#shared/protocol/manifest.ts';
import { sha256 } from '#testing/sha256.ts';
import type { Claim } from './gateway-steps.ts';

/** A study that nobody has: devices may have its UID wrong, too. */
export const OTHER_STUDY = '1.2.826.0.1.3680043.8.498.77';

/** The claims of a stranger about instances that it does not have. */
export function claimed(manifest: Manifest, how: Claim): Manifest {
  const all = (change: (one: ManifestInstance, at: number) => ManifestInstance): Manifest => ({
    ...manifest,
    instances: manifest.instances.map(change),
  });
  switch (how) {
    case 'same':
      return manifest;
    case 'digest':
      return all((one) => ({ ...one, digest: sha256(Buffer.from(one.digest)) }));
    case 'description':
      return all((one) => ({ ...one, seriesInstanceUID: one.sopInstanceUID, bytes: one.bytes + 1 }));
    case 'study':
      return { ...manifest, studyInstanceUID: OTHER_STUDY as Manifest['studyInstanceUID'] };
    case 'more':
      return all((one, at) => ({
        ...one,
        sopInstanceUID: `${OTHER_STUDY}.${at}` as typeof one.sopInstanceUID,
      }));
    default:
      return how satisfies never;
  }
}
