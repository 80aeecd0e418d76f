/** Body parts, by the kind of image that the model of image kinds saw. */
import type { CaseBodyPart } from '#shared/protocol/cases.ts';

const OF_KIND: Readonly<Record<string, CaseBodyPart>> = {
  CXR: 'CHEST',
  Hand: 'HAND',
  BreastMRI: 'BREAST',
  HeadCT: 'HEAD',
  TrunkCT: 'TRUNK',
};

/** Null: of no body part that has a name here. */
export const bodyPartOf = (kind: string | null): CaseBodyPart | null => OF_KIND[kind ?? ''] ?? null;

export const kindsOf = (bodyPart: CaseBodyPart): string[] =>
  Object.keys(OF_KIND).filter((kind) => OF_KIND[kind] === bodyPart);
