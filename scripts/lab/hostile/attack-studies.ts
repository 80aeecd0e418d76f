/**
 * Naming what is somebody else's, before or after it comes. Nobody is told anything by it, and the study of the
 * one it belongs to ends as if nobody had named it.
 */
import fc from 'fast-check';
import { rawData } from './build-header.ts';
import type { Door } from './door.ts';
import { askAt } from './door.ts';
import { IDENTIFIED, oneOf, said, type Recipe } from './recipe.ts';
import { announce, manifestOf, type Instance } from './send-instance.ts';

type Told = {
  readonly have: readonly object[];
  readonly need: readonly object[];
  readonly conflict: readonly object[];
};

/** `need` alone is right: `have` and `conflict` would tell that somebody else's instance is here. */
async function toldOf(door: Door, manifest: object): Promise<readonly string[]> {
  const answer = await announce(door, manifest);
  if (answer.status !== 200) return [said(answer)];
  const told = answer.body as Told;
  return (['have', 'need', 'conflict'] as const).filter((word) => told[word].length > 0);
}

const NEEDED = /^(need|quota-exceeded)$/;

export const STUDIES: readonly Recipe[] = [
  {
    // The right UID and digest, and a wrong description: whoever brings it was refused for it.
    name: 'wrong-promise',
    right: NEEDED,
    run: (door, { seed }, victim) => {
      const manifest = manifestOf(victim.upcoming(), IDENTIFIED);
      const lie = oneOf(
        fc.constantFrom(
          { seriesInstanceUID: '1.2.3' },
          { sopClassUID: '1.2.840.10008.5.1.4.1.1.66' },
          { transferSyntaxUID: '1.2.840.10008.1.2' },
          { bytes: 1 },
        ),
        seed,
      );
      return toldOf(door, { ...manifest, instances: manifest.instances.map((one) => ({ ...one, ...lie })) });
    },
  },
  {
    name: 'never-sent',
    right: NEEDED,
    run: (door, _, victim) => {
      const manifest = manifestOf(victim.upcoming(), IDENTIFIED);
      const [more] = manifestOf([rawData()], IDENTIFIED).instances;
      return toldOf(door, { ...manifest, instances: [...manifest.instances, more] });
    },
  },
  {
    name: 'other-digest',
    right: NEEDED,
    run: (door, { seed }, victim) => {
      const manifest = manifestOf(victim.upcoming(), IDENTIFIED);
      const digest = oneOf(fc.stringMatching(/^[0-9a-f]{64}$/), seed);
      return toldOf(door, { ...manifest, instances: manifest.instances.map((one) => ({ ...one, digest })) });
    },
  },
  {
    name: 'other-study',
    right: NEEDED,
    run: (door, _, victim) =>
      toldOf(door, {
        ...manifestOf(victim.upcoming(), IDENTIFIED),
        studyInstanceUID: rawData().studyInstanceUID,
      }),
  },
  {
    // An image of one's own under the study of another, and then the other's.
    name: 'claim-what-is-there',
    right: /^(need|quota-exceeded|not-found|study-not-found|not-allowed)$/,
    run: async (door, _, victim) => {
      const { instances } = victim.latest();
      const told = await toldOf(door, manifestOf(instances, IDENTIFIED));
      const [{ studyInstanceUID }] = instances as [Instance];
      const asked = await askAt(door, '/infer', { method: 'POST', json: { studyInstanceUID } });
      // The job is taken, and finds nothing; what it found is looked for with everything else.
      return asked.status === 202 ? told : [...told, said(asked)];
    },
  },
];
