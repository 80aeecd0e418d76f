/** Annotations are sealed under the key of the case, because a label may hold a name. */
import { annotationsSchema, type Annotation } from '#shared/protocol/annotations.ts';
import type { CaseCipher } from '../cases/case-seal.ts';

export type AnnotationsOf = {
  readonly review_id: string;
  readonly place: number;
  readonly account_id: string;
};

/** Sealed annotations can only be opened for the same reading of the same person. */
const placeOf = ({ review_id, place, account_id }: AnnotationsOf): string =>
  `annotations ${review_id} ${place} ${account_id}`;

export const sealAnnotations = (
  cipher: CaseCipher,
  of: AnnotationsOf,
  annotations: readonly Annotation[],
): Uint8Array => cipher.seal(placeOf(of), JSON.stringify(annotations));

/** Null: the annotations were changed, or belong to another reading. */
export function openAnnotations(
  cipher: CaseCipher,
  row: AnnotationsOf & { readonly sealed: Uint8Array },
): readonly Annotation[] | null {
  const opened = cipher.open(placeOf(row), row.sealed);
  return opened && annotationsSchema.parse(JSON.parse(opened.toString('utf8')));
}
