/**
 * Tells whether a face could be rendered from the pixels (PS3.15 E.3.2, Clean Recognizable Visual Features): volumes
 * of the head in CT and MR. Nothing here removes the face; the person who sends such a study under a de-identifying
 * policy is told.
 */
import { composePattern } from '../compose-pattern.ts';
import type { InstanceDescription } from '../dicom/describe-instance.ts';

const VOLUMES = new Set(['CT', 'MR']);
/**
 * Body Part Examined (PS3.16 Annex L) and what people write in a description, in the languages of the devices seen so
 * far.
 */
const HEAD = composePattern(
  '(?<![a-z])(?:head|brain|skull|face|facial|cranium|cranial|neuro|sinus(?:es)?|orbits?|maxill|mandib|jaw|iac|tmj|pituitary|cerebr|hnbrain|headneck|' +
    'sch[aä]del|kopf|gehirn|hirn|t[eê]te|cr[aâ]ne|cerveau|cabeza|craneo|cerebro|testa|cranio|encefalo|hoofd|hersen)',
  'i',
);

/** Judges by the header alone: a series that does not name its region is not found. */
export function mayShowFace({
  modality,
  bodyPart,
  studyDescription,
  seriesDescription,
}: InstanceDescription): boolean {
  if (modality === null || !VOLUMES.has(modality.toUpperCase())) return false;
  // A stated region takes precedence: "CHEST" with a head word in its description is a chest.
  return bodyPart === null
    ? [studyDescription, seriesDescription].some((text) => text !== null && HEAD.test(text))
    : HEAD.test(bodyPart);
}
