/** A review type in one line: who reads, what they are shown and asked, and what it is for. */
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { typeWords as words } from './type-words.ts';

export function describeType(definition: ReviewDefinition): string {
  const { readers, assignment, hidesFinding, modalities = [], bodyParts = [], form } = definition;
  const about = [
    words.readers(readers),
    words.assignments[assignment],
    words.questions(Object.keys(form.properties).length),
    ...(hidesFinding ? [words.hides(readers)] : []),
    ...[...modalities, ...bodyParts.map((one) => caseWords.list.bodyParts[one])],
  ];
  return about.join(words.separator);
}
