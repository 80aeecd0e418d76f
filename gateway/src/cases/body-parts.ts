/** Body parts, by the kind of image that the image-kind model recognised. */
import type { CaseBodyPart } from '#shared/protocol/cases.ts';

const OF_KIND: Readonly<Record<string, CaseBodyPart>> = {
  CXR: 'CHEST',
  Hand: 'HAND',
  BreastMRI: 'BREAST',
  HeadCT: 'HEAD',
  TrunkCT: 'TRUNK',
};

/** Null: no body part is listed here for this kind. */
export const bodyPartOf = (kind: string | null): CaseBodyPart | null => OF_KIND[kind ?? ''] ?? null;

export const kindsOf = (bodyPart: CaseBodyPart): string[] =>
  Object.keys(OF_KIND).filter((kind) => OF_KIND[kind] === bodyPart);
