import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExportTemplate, NewExport, Redaction } from '#shared/protocol/exports.ts';
import { isEmptyFor, preselected } from './choose-template.ts';

const test = suite('the export that is asked for');

const template = (redaction: Redaction): ExportTemplate => ({
  ...{ name: `cases-${redaction}`, version: 1, madeBy: null, madeAt: null },
  definition: { title: 'Cases', redaction, format: 'csv', fields: ['caseNumber'] },
});
/** By name, as the gateway lists them. */
const ALL = (['anonymous', 'full', 'limited'] as const).map(template);
const casesOf = (count: number): NewExport['selection'] => ({
  cases: Array.from({ length: count }, (_, at) => `00000000-0000-4000-8000-00000000000${at}`),
});
const LIST = { filter: {} };

test('of one case has pseudonyms, because an anonymous file of so few is empty, and says so', () => {
  for (const [selection, redaction] of [
    [casesOf(1), 'limited'],
    [casesOf(4), 'limited'],
    [casesOf(5), 'anonymous'],
    [LIST, 'anonymous'],
  ] as const) {
    const chosen = preselected(ALL, selection)!;
    assert.is(chosen.definition.redaction, redaction, JSON.stringify(selection));
    assert.not.ok(isEmptyFor(selection, chosen));
  }
  assert.ok(isEmptyFor(casesOf(1), ALL[0]));
  assert.is(preselected(ALL.slice(0, 1), casesOf(1)), ALL[0], 'there is no other');
  assert.is(preselected([], casesOf(1)), undefined);
});

test.run();
