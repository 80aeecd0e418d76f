/** Sorts the review types that ask about the images of a case before all others. Pure. */
import type { Case } from '#shared/protocol/cases.ts';
import type { ReviewType } from '#shared/protocol/reviews.ts';

/** The known facts about the images of a case. */
export type KnownImages = Pick<Case['studies'][number], 'modalities' | 'bodyParts'>;
type Offered = { readonly fitting: readonly ReviewType[]; readonly others: readonly ReviewType[] };

export const imagesOf = ({ studies }: Pick<Case, 'studies'>): KnownImages => ({
  modalities: studies.flatMap(({ modalities }) => modalities),
  bodyParts: studies.flatMap(({ bodyParts }) => bodyParts),
});

/** Each list keeps the order of the types. Types made for exactly these images come before general ones. */
export function offerTypes(types: readonly ReviewType[], images: KnownImages): Offered {
  const made = types.filter(({ definition }) => isMadeFor(definition, images));
  const general = types.filter(({ definition }) => !isNarrow(definition));
  const fitting = [...made, ...general];
  return { fitting, others: types.filter((type) => !fitting.includes(type)) };
}

type Fits = Pick<ReviewType['definition'], 'modalities' | 'bodyParts'>;

const isNarrow = ({ modalities, bodyParts }: Fits): boolean =>
  modalities !== undefined || bodyParts !== undefined;

/** A body part is known only after a model has looked at the images. Until then a matching modality suffices. */
const isMadeFor = ({ modalities, bodyParts }: Fits, images: KnownImages): boolean =>
  isNarrow({ modalities, bodyParts }) &&
  (modalities === undefined || modalities.some((one) => images.modalities.includes(one))) &&
  (bodyParts === undefined ||
    (images.bodyParts.length === 0 && modalities !== undefined) ||
    bodyParts.some((one) => images.bodyParts.includes(one)));
