/** The marks of a review as they are named: a number, the letter of the reader where several are shown, a length. */
import { lengthOf } from '#shared/protocol/annotation-outline.ts';
import type { Annotation, PlaceAnnotations } from '#shared/protocol/annotations.ts';
import { markWords, mmOf } from './mark-words.ts';
import { frameName, type ViewerStore } from './viewer.store.ts';

export interface NamedMark {
  readonly mark: Annotation;
  /** "B2", or "2" where the caller's are the only ones. */
  readonly number: string;
  /** Null: it is none, or its image was not opened yet. */
  readonly length: string | null;
  readonly colour: number;
}

export interface ReaderMarks {
  readonly place: number;
  readonly letter: string;
  readonly marks: readonly NamedMark[];
}

const ADJUDICATOR_COLOUR = 6;
/** The adjudicator comes after the readers. */
export const letterOf = (place: number): string => (place === 0 ? 'X' : String.fromCharCode(64 + place));
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

/** The caller's own. `place`: theirs; null: they do not read this review. */
export function ownMarks(
  marks: readonly Annotation[],
  spacings: Spacings,
  { place, hasOthers }: { readonly place: number | null; readonly hasOthers: boolean },
): readonly NamedMark[] {
  const letter = hasOthers && place !== null ? letterOf(place) : '';
  return marks.map((mark, at) => named(mark, spacings, { number: `${letter}${at + 1}`, colour: 0 }));
}

/** Those of others, a reader after the other. */
export function readerMarks(others: readonly PlaceAnnotations[], spacings: Spacings): readonly ReaderMarks[] {
  return others
    .toSorted((a, b) => (a.place || Infinity) - (b.place || Infinity))
    .map(({ place, annotations }) => ({
      ...{ place, letter: letterOf(place) },
      marks: annotations.map((mark, at) =>
        named(mark, spacings, { number: `${letterOf(place)}${at + 1}`, colour: colourOf(place) }),
      ),
    }));
}

export const nameOf = ({ mark, number, length }: NamedMark): string =>
  markWords.list.name({ number, kind: mark.kind, length });
