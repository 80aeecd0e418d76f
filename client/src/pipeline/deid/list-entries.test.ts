import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ComparedRow } from '../compare/comparison.ts';
import { createListing, keyOfRow, type Entry, type ListState } from './list-entries.ts';

const text = (value: string) => ({ kind: 'text' as const, text: value, characters: value.length });
const row = (
  path: string,
  depth: number,
  keyword: string | null,
  more: Partial<ComparedRow>,
): ComparedRow => ({
  ...{
    path,
    depth,
    tag: Number.parseInt(path.slice(-9).replace(',', ''), 16),
    item: null,
    keyword,
    vr: 'LO',
  },
  ...{ before: text('x'), after: null, change: 'removed', because: 'profile', action: 'X' },
  ...{ group: 'identity', profile: 'X' },
  ...more,
});
const kept = (value: string) =>
  ({ before: text(value), after: text(value), change: 'kept', group: 'text' }) as const;
const emptied = { before: text('20240229'), after: text(''), change: 'emptied', group: 'dates' } as const;
const inside = { change: 'inside', group: 'uids' } as const;
const ROWS: readonly ComparedRow[] = [
  row('0008,0020', 0, 'StudyDate', emptied),
  row('0008,1140', 0, 'ReferencedImageSequence', { vr: 'SQ', ...inside }),
  row('0008,1140[1]', 1, null, { tag: 0x00081140, item: 1, ...inside }),
  row('0008,1140[1]>0008,1155', 2, 'ReferencedSOPInstanceUID', {
    ...inside,
    before: text('1.2'),
    change: 'new-uid',
  }),
  row('0008,1140[1]>0008,1160', 2, 'ReferencedFrameNumber', kept('4')),
  row('0010,0010', 0, 'PatientName', { before: text('Doe^Jane'), after: text('RP-1'), change: 'replaced' }),
  row('0010,1002', 0, 'OtherPatientIDsSequence', { vr: 'SQ', before: { kind: 'items', items: 1 } }),
  row('0010,1002[1]>0010,0020', 1, 'PatientID', { before: text('PAT-1') }),
  row('0018,0015', 0, 'BodyPartExamined', kept('CHEST')),
];
const START: ListState = { filter: 'changed', query: '', turned: new Set(), flipped: new Set() };
const drawn = (state: Partial<ListState>) => createListing(ROWS)({ ...START, ...state });
/** A row by the end of its path, indented, with the sign of what a touch does. */
const lines = (entries: readonly Entry[]) =>
  entries.map((entry) => {
    if (entry.kind === 'group') return `${entry.heading} ${entry.count}`;
    return `${' '.repeat(entry.row.depth)}${entry.row.path.slice(-9)}${entry.open === null ? '' : entry.open ? ' -' : ' +'}`;
  });

test('changes are grouped by meaning, with the sequences around them; a sequence removed as a whole is one line', () => {
  const { entries, found } = drawn({});
  assert.equal(lines(entries), [
    'identity 3',
    '0010,0010',
    '0010,1002 +',
    'dates 1',
    '0008,0020',
    'uids 1',
    '0008,1140 -',
    ' 8,1140[1] -',
    '  0008,1155',
  ]);
  assert.is(found, 5);
});

test('a sequence is opened and closed, a group folded, each alone', () => {
  const flipped = new Set([keyOfRow('identity', ROWS[6]!), keyOfRow('uids', ROWS[1]!)]);
  assert.equal(lines(drawn({ flipped, turned: new Set(['dates']) }).entries), [
    'identity 3',
    '0010,0010',
    '0010,1002 -',
    ' 0010,0020',
    'dates 1',
    'uids 1',
    '0008,1140 +',
  ]);
});

test('kept elements form one group: folded next to changes, open on their own', () => {
  assert.equal(lines(drawn({ filter: 'all' }).entries).slice(-1), ['kept 2']);
  assert.equal(lines(drawn({ filter: 'kept' }).entries), [
    'kept 2',
    '0008,1140 -',
    ' 8,1140[1] -',
    '  0008,1160',
    '0018,0015',
  ]);
});

test('the search finds keywords, tags in every way of writing, and values on both sides, and opens what it finds', () => {
  const found = (query: string) =>
    lines(drawn({ filter: 'all', query }).entries).filter((line) => !/^[a-z]+ \d+$/.test(line));
  assert.equal(found('patientname'), ['0010,0010']);
  assert.equal(found('patient name'), ['0010,0010'], 'as it is shown');
  for (const tag of ['0018,0015', '(0018,0015)', '00180015', '0018'])
    assert.equal(found(tag), ['0018,0015'], tag);
  assert.equal(found('doe^j'), ['0010,0010']);
  assert.equal(found('rp-1'), ['0010,0010']);
  assert.equal(found('pat-1'), ['0010,1002 -', ' 0010,0020']);
  assert.equal(found('OtherPatientIDs'), ['0010,1002 -', ' 0010,0020'], 'with a sequence its content');
  assert.equal(drawn({ query: 'nobody' }), { entries: [], found: 0 });
});

test.run();
