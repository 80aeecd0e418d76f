/** The fields of a case as people read them: codes in words, figures with units, results and reviews one by one. */
import type { ExportField } from '#shared/protocol/exports.ts';
import { HIDDEN } from '../export-cells.ts';
import { FIELD_WORDS, reportWords, VALUE_WORDS } from './report-words.ts';
import { OF_REVIEW, reviewsIn, type ReviewWords } from './review-paragraphs.ts';
import { lengthIn, listed, textOf, valuesIn, withTerm, type Paragraph, type Row } from './row-cells.ts';

const OF_RESULT: readonly ExportField[] = [
  ...(['models', 'modelVersions', 'scores', 'positives', 'resultTimes', 'verdicts'] as const),
  'correctedFindings',
];
/** Fields whose values each get a line of their own. */
const IN_LINES: readonly ExportField[] = ['notes'];

/**
 * Paragraphs in the order of the columns. Fields without a value are left out, and so is the case number, which is in
 * the heading.
 */
export function paragraphsOf(row: Row, reviews: ReviewWords): readonly Paragraph[] {
  const told: Paragraph[] = [];
  const isFirstOf = (fields: readonly ExportField[], field: ExportField): boolean =>
    fields.includes(field) && [...row.keys()].find((one) => fields.includes(one)) === field;
  for (const field of row.keys()) {
    if (isFirstOf(OF_RESULT, field)) told.push(...resultsIn(row));
    if (isFirstOf(OF_REVIEW, field)) told.push(...reviewsIn(row, reviews));
    if (field === 'caseNumber' || OF_RESULT.includes(field) || OF_REVIEW.includes(field)) continue;
    const texts = valuesIn(row.get(field)).map((value) => textOf(field, value));
    const lines = IN_LINES.includes(field) ? texts : [texts.join('; ')];
    const shown = lines.filter((text) => text !== '').map((text) => ({ field, text }));
    if (shown.length > 0) told.push({ term: FIELD_WORDS[field], lines: shown });
  }
  return told;
}

function resultsIn(row: Row): readonly Paragraph[] {
  return Array.from({ length: lengthIn(row, OF_RESULT) }, (_, at): Paragraph => {
    const of = (field: ExportField) => listed(row, field, at);
    if (of('models') === HIDDEN)
      return {
        term: reportWords.result,
        lines: [{ field: 'models', text: VALUE_WORDS.finding?.[HIDDEN] ?? '' }],
      };
    const score = of('scores');
    const positive = of('positives');
    const verdict = of('verdicts');
    const said = [
      row.has('positives') ? reportWords.positive[`${positive as boolean | undefined}`] : '',
      typeof score === 'number' ? reportWords.score(`${Math.round(score * 100) / 100}`) : '',
      verdict === undefined ? '' : (VALUE_WORDS.verdicts?.[`${verdict}`] ?? ''),
      of('resultTimes') === undefined ? '' : textOf('resultTimes', `${of('resultTimes')}`),
    ].filter((text) => text !== '');
    const lines = [
      { field: 'models' as const, text: `${of('models') ?? ''}` },
      ...withTerm('modelVersions', of('modelVersions')),
      { field: 'positives' as const, text: said.join('; ') },
      ...withTerm('correctedFindings', of('correctedFindings')),
    ];
    return { term: reportWords.result, lines: lines.filter(({ text }) => text !== '') };
  }).filter(({ lines }) => lines.length > 0);
}
