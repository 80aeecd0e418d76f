/** Names the marks of a review: a number, the letter of the reader where several are shown, and a length. */
import { lengthOf } from '#shared/protocol/annotation-outline.ts';
import {
  letterOf,
  markNameOf,
  type Annotation,
  type PlaceAnnotations,
} from '#shared/protocol/annotations.ts';
import { markWords, mmOf } from './mark-words.ts';
import { frameName, type ViewerStore } from './viewer.store.ts';

export interface NamedMark {
  readonly mark: Annotation;
  /** "B2", or "2" where only the caller's marks are shown. */
  readonly number: string;
  /** Null: the mark is no length, or its image was not opened yet. */
  readonly length: string | null;
  readonly colour: number;
}

export interface ReaderMarks {
  readonly place: number;
  readonly letter: string;
  readonly marks: readonly NamedMark[];
}

const ADJUDICATOR_COLOUR = 6;
const colourOf = (place: number): number => (place === 0 ? ADJUDICATOR_COLOUR : place);

type Spacings = ViewerStore['spacings']['value'];

const named = (
  mark: Annotation,
  spacings: Spacings,
  about: Pick<NamedMark, 'number' | 'colour'>,
): NamedMark => {
  const spacing = spacings.get(frameName(mark.sopInstanceUID, mark.frame));
  const isKnown = mark.kind === 'length' && spacing !== undefined;
  return { mark, ...about, length: isKnown ? mmOf(lengthOf(mark.points, spacing), spacing) : null };
};

/** The caller's own marks. `place`: the caller's place; null: the caller does not read this review. */
export function ownMarks(
  marks: readonly Annotation[],
  spacings: Spacings,
  { place, hasOthers }: { readonly place: number | null; readonly hasOthers: boolean },
): readonly NamedMark[] {
  return marks.map((mark) =>
    named(mark, spacings, { number: markNameOf(mark, hasOthers ? place : null), colour: 0 }),
  );
}

/** Marks of the other readers, grouped by reader. */
export function readerMarks(others: readonly PlaceAnnotations[], spacings: Spacings): readonly ReaderMarks[] {
  return others
    .toSorted((a, b) => (a.place || Infinity) - (b.place || Infinity))
    .map(({ place, annotations }) => ({
      ...{ place, letter: letterOf(place) },
      marks: annotations.map((mark) =>
        named(mark, spacings, { number: markNameOf(mark, place), colour: colourOf(place) }),
      ),
    }));
}

/** The sentence that no other reader, or nobody at all, has drawn marks; null: another reader has. */
export function saidOfNone(own: readonly NamedMark[], others: readonly ReaderMarks[]): string | null {
  if (others.some(({ marks }) => marks.length > 0)) return null;
  return own.length > 0 ? markWords.list.noneElse : markWords.list.noneDrawn;
}

/** The image of the mark, in words; null: the images are not known yet. */
export function whereOf({ mark }: NamedMark, pictures: ViewerStore['pictures'] | undefined): string | null {
  if (pictures === undefined) return null;
  const at = pictures.findIndex((picture) => picture.sopInstanceUID === mark.sopInstanceUID);
  const frames = pictures[at]?.frames ?? mark.frame;
  return markWords.list.where(at < 0 ? null : at + 1, mark.frame, frames);
}

export const nameOf = ({ mark, number, length }: NamedMark): string =>
  markWords.list.name({ number, kind: mark.kind, length });
